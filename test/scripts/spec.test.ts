import { describe, expect, it } from 'vitest'
import { compare, parseSpec, parseTitles } from '../../scripts/spec-lib.mjs'

const spec = `
# The rules
## Words
- **memo**: what a cell last computed.
## AB – first things
- **AB-1** One.
- **AB-2** Two, see AB-9.
## CD – second things
- **CD-1** Three.
## Open
open: CD-1
`

const shown = (...ids: string[]): { id: string; file: string }[] => ids.map((id) => ({ id, file: 'a.test.ts' }))

describe('parseSpec', () => {
  it('reads sections, rules and the open list', () => {
    expect(parseSpec(spec)).toEqual({
      sections: [
        { prefix: 'AB', rules: ['AB-1', 'AB-2'] },
        { prefix: 'CD', rules: ['CD-1'] },
      ],
      open: ['CD-1'],
      problems: [],
    })
  })

  it('reports a rule that stands twice, in a foreign section, or is open without being a rule', () => {
    const wrong = '## AB\n- **AB-1** a\n- **AB-1** b\n- **CD-1** c\n## Open\n- open: AB-7\n'
    expect(parseSpec(wrong).problems).toEqual([
      'AB-1 stands twice in the spec',
      'CD-1 stands in the section "AB"',
      'AB-7 is listed as open but is no rule',
    ])
  })
})

describe('parseTitles', () => {
  it('reads tags of it, test and describe in any quotes', () => {
    const source = "it('[AB-1] a', f)\ntest(\"[AB-2] b\", f)\ndescribe(`[CD-1] ${c}`, f)\nit(\n  '[AB-3] d', f)"
    expect(parseTitles(source)).toEqual(['AB-1', 'AB-2', 'CD-1', 'AB-3'])
  })

  it('reads several ids in one tag and several tags', () => {
    expect(parseTitles("it('[AB-1 AB-2] a', f); it('[AB-3] [CD-1] b', f)")).toEqual(['AB-1', 'AB-2', 'AB-3', 'CD-1'])
  })

  it('reads the title of it.each and it.skipIf from the second call', () => {
    const source = "it.each([[1, f(2)], [3, 4]])('[AB-1] %i', f)\nit.skipIf(!x())('[AB-2] b', f)"
    expect(parseTitles(source)).toEqual(['AB-1', 'AB-2'])
  })

  it('ignores tags inside a title, skipped tests, comments and other calls', () => {
    const source = "it('see [AB-1]', f)\nit.skip('[AB-2] b', f)\nit.todo('[AB-3] c')\n// it('[AB-4] d')\nlog('[AB-5]')"
    expect(parseTitles(source)).toEqual([])
  })
})

describe('compare', () => {
  it('prints shown/total for each section and what is open', () => {
    const { lines, problems } = compare(parseSpec(spec), shown('AB-1', 'AB-2', 'AB-1'))
    expect(lines).toEqual(['AB 2/2', 'CD 0/1', 'total 2/3', 'open: CD-1'])
    expect(problems).toEqual([])
  })

  it('fails for an id that is no rule', () => {
    expect(compare(parseSpec(spec), shown('AB-1', 'AB-2', 'AB-9')).problems).toEqual([
      'a.test.ts names AB-9, which is no rule',
    ])
  })

  it('fails for a rule with neither a test nor a place in the open list', () => {
    expect(compare(parseSpec(spec), shown('AB-1')).problems).toEqual(['AB-2 has no test and is not listed as open'])
  })

  it('fails for an open rule that a test shows', () => {
    expect(compare(parseSpec(spec), shown('AB-1', 'AB-2', 'CD-1')).problems).toEqual([
      'CD-1 is listed as open but has a test',
    ])
  })
})
