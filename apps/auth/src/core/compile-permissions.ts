// From a user's rules to the permissions of one connection: `%u` becomes the user name and `%c` the client id.
import type { Permissions } from '#libs/topics'

/** Filters as the password file has them; undefined: no rule of that kind. */
export interface Rules {
  readonly publish: readonly string[] | undefined
  readonly subscribe: readonly string[] | undefined
}

export interface Identity {
  readonly userName: string
  readonly clientId: string
}

/** Without any rule everything is allowed; as soon as there is one, only what rules name. */
export function compilePermissions(rules: Rules, identity: Identity): Permissions {
  if (rules.publish === undefined && rules.subscribe === undefined)
    return { publish: undefined, subscribe: undefined }
  return {
    publish: compile(rules.publish ?? [], identity),
    subscribe: compile(rules.subscribe ?? [], identity),
  }
}

function compile(filters: readonly string[], identity: Identity): readonly string[] {
  const compiled: string[] = []
  for (const filter of filters) {
    const own = substitute(filter, identity)
    if (own !== undefined) compiled.push(own)
  }
  return compiled
}

/** The filter for this client; undefined when a value would make it wider or other than it was meant, so that it allows nothing. */
function substitute(filter: string, { userName, clientId }: Identity): string | undefined {
  let widens = false
  // One pass: a value that contains %c is not looked at again.
  const own = filter.replace(/%[uc]/g, (placeholder, at: number) => {
    const value = placeholder === '%u' ? userName : clientId
    // A first level such as $SYS or $share means something of its own.
    if (value === '' || /[+#/\0]/.test(value) || (at === 0 && value.startsWith('$'))) widens = true
    return value
  })
  return widens ? undefined : own
}
