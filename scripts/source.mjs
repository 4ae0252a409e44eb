/**
 * Reads TypeScript text without a parser: enough to tell code from comments and strings, for the checks that look at
 * import lines and test titles. A `/` begins a regular expression where an operand is expected; else it divides.
 */

const beforeRegex = /(^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|void|yield|await|throw|else|do))\s*$/

/**
 * Splits text into pieces whose kind is 'code', 'comment', 'string' or 'regex'. Template literals count as strings,
 * with what stands inside their braces.
 * @param {string} text
 * @returns {{ kind: 'code' | 'comment' | 'string' | 'regex', text: string }[]}
 */
export function pieces(text) {
  /** @type {{ kind: 'code' | 'comment' | 'string' | 'regex', text: string }[]} */
  const out = []
  let at = 0
  let code = 0
  while (at < text.length) {
    const end = endOfPiece(text, at, text.slice(code, at))
    if (end === undefined) {
      at += 1
      continue
    }
    if (at > code) out.push({ kind: 'code', text: text.slice(code, at) })
    out.push({ kind: kindAt(text, at), text: text.slice(at, end) })
    at = code = end
  }
  if (code < text.length) out.push({ kind: 'code', text: text.slice(code) })
  return out
}

/**
 * @param {string} text
 * @param {number} at
 */
function kindAt(text, at) {
  if (text[at] !== '/') return /** @type {const} */ ('string')
  return text[at + 1] === '/' || text[at + 1] === '*' ? /** @type {const} */ ('comment') : /** @type {const} */ ('regex')
}

/**
 * Where the comment, string or regular expression that starts here ends; undefined if none does.
 * @param {string} text
 * @param {number} at
 * @param {string} before the code since the last piece
 */
function endOfPiece(text, at, before) {
  const char = text[at]
  if (char === "'" || char === '"') return match(/(['"])(?:\\[^]|(?!\1)[^\\\n])*\1?/y, text, at)
  if (char === '`') return endOfTemplate(text, at)
  if (char !== '/') return undefined
  if (text[at + 1] === '/') return match(/\/\/.*/y, text, at)
  if (text[at + 1] === '*') return match(/\/\*[^]*?\*\//y, text, at) ?? text.length
  if (!beforeRegex.test(before)) return undefined
  return match(/\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y, text, at)
}

/**
 * @param {RegExp} pattern sticky
 * @param {string} text
 * @param {number} at
 */
function match(pattern, text, at) {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : undefined
}

/**
 * @param {string} text
 * @param {number} start
 * @returns {number}
 */
function endOfTemplate(text, start) {
  let depth = 0
  for (let at = start + 1; at < text.length; at += 1) {
    const char = text[at]
    if (char === '\\') at += 1
    else if (depth === 0 && char === '`') return at + 1
    else if (char === '$' && text[at + 1] === '{' && depth === 0) depth = 1
    else if (depth > 0 && char === '`') at = endOfTemplate(text, at) - 1
    else if (depth > 0 && char === '{' && text[at - 1] !== '$') depth += 1
    else if (depth > 0 && char === '}') depth -= 1
  }
  return text.length
}

/**
 * The text with comments blanked; lines keep their numbers.
 * @param {string} text
 */
export function withoutComments(text) {
  return pieces(text).map((p) => (p.kind === 'comment' ? blank(p.text) : p.text)).join('')
}

/**
 * The text with comments, strings and regular expressions blanked; lines keep their numbers.
 * @param {string} text
 */
export function codeOnly(text) {
  return pieces(text).map((p) => (p.kind === 'code' ? p.text : blank(p.text))).join('')
}

/** @param {string} text */
function blank(text) {
  return text.replace(/[^\n]/g, ' ')
}
