/** Programs and histories as text a person can read. */
import type { Operation, Write } from './operations.js'
import type { Expr, Program } from './program.js'

export function showExpr(expr: Expr): string {
  switch (expr.t) {
    case 'const':
      return String(expr.n)
    case 'arg':
    case 'revision':
      return expr.t
    case 'keys':
    case 'entries':
      return `${expr.t}(i${expr.i})`
    case 'input':
      return expr.key === null ? `i${expr.i}` : `i${expr.i}[${showExpr(expr.key)}]`
    case 'has':
      return expr.key === null ? `has(i${expr.i})` : `has(i${expr.i}[${showExpr(expr.key)}])`
    case 'descend':
      return `(arg > 0 ? q${expr.i}(arg - 1) : 0) + ${showExpr(expr.a)}`
    case 'peek':
      return `peek ${showExpr({ ...expr, t: 'query' })}`
    case 'query':
      return expr.arg === null ? `q${expr.i}` : `q${expr.i}(${showExpr(expr.arg)})`
    case 'add':
      return `(${showExpr(expr.a)} + ${showExpr(expr.b)})`
    case 'mod':
      return `${showExpr(expr.a)} % ${expr.m}`
    case 'max':
      return `max(${showExpr(expr.a)}, ${showExpr(expr.b)})`
    case 'from':
      return `from ${expr.n}(${showExpr(expr.a)}, ${showExpr(expr.b)})`
    case 'if':
      return `(odd ${showExpr(expr.c)} ? ${showExpr(expr.a)} : ${showExpr(expr.b)})`
    case 'try':
      return `try { ${showExpr(expr.a)} } catch { ${showExpr(expr.b)} }`
    case 'all':
      return `all[${expr.list.map(showExpr).join(', ')}]`
    case 'race':
      return `race[${expr.list.map(showExpr).join(', ')}; ${expr.n}]`
    default:
      return `${expr.t} ${showExpr(expr.a)}`
  }
}

export function showProgram({ inputs, queries, traits }: Program): string[] {
  return [
    JSON.stringify(Object.fromEntries(Object.entries(traits).filter(([, value]) => value !== false && value !== null && !(Array.isArray(value) && value.length === 0)))),
    ...inputs.map(({ keyed, initial, required }, i) => `i${i}: input${keyed ? ' by key' : ''}${initial === null ? '' : `, initial ${initial}`}${required ? ', required' : ''}`),
    ...queries.map(({ kind, takesArg, keepsFailures, neverEqual, cycle, test, body }, i) => {
      const branch = kind === 'mixed' ? `${showExpr(test)} even? arg : ` : ''
      return `q${i}${takesArg ? '(arg)' : ''}: ${kind}${keepsFailures ? ', errors: dependencies' : ''}${neverEqual ? ', equals: false' : ''}${cycle === undefined ? '' : `, cycle: ${JSON.stringify(cycle)}`} = ${branch}${showExpr(body)}`
    }),
  ]
}

const showWrite = ({ i, key, value }: Write): string => (value === null ? `remove i${i}[${key}]` : `i${i}[${key}] = ${value}`)

export function showOperation(operation: Operation): string {
  if ('reaction' in operation && operation.reaction !== null) return `${showOperation({ ...operation, reaction: null })}, which answers the ${operation.after}. emission with { ${showOperation(operation.reaction)} }`
  switch (operation.op) {
    case 'write':
      return `v${operation.view}: ${operation.by === 'set' ? '' : `by ${operation.by} `}${showWrite(operation.write)}`
    case 'replace':
      return `v${operation.view}: replaceAll i${operation.i} { ${operation.writes.map(showWrite).join('; ')} }`
    case 'batch':
      return `v${operation.view}: batch { ${operation.writes.map(showWrite).join('; ')}${operation.asks === null ? '' : `; get q${operation.asks}`}${operation.throws ? '; throw' : ''} }`
    case 'get':
      return `v${operation.view}: get${operation.leaving ? ' with signal' : ''} q${operation.query}(${operation.arg})`
    case 'invalidate':
    case 'touch':
    case 'accumulated':
    case 'prefetch':
    case 'watch':
    case 'observe':
      return `v${operation.view}: ${operation.op} q${operation.query}(${operation.arg})`
    case 'read':
    case 'live':
      return `v${operation.view}: ${operation.op}${operation.waits ? ' async' : ''} ${showExpr(operation.expr)}`
    case 'snapshot':
    case 'dispose':
    case 'promote':
      return `v${operation.view}: ${operation.op}`
    case 'hostile':
      return `v${operation.view}: hostile ${operation.nth}`
    case 'restore':
      return `v${operation.view}: restore v${operation.from}`
    case 'abort':
    case 'unsubscribe':
    case 'step':
      return `${operation.op} ${operation.nth}`
    case 'collect':
    case 'compact':
      return operation.op
    case 'limit':
      return `limit cells to ${operation.arg}`
    case 'pin':
    case 'unpin':
      return `${operation.op} q${operation.query}(${operation.arg})`
    default:
      return operation.count === 0 ? 'drain' : `ticks ${operation.count}`
  }
}
