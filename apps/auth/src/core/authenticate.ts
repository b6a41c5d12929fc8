// Who may connect: a chain of providers, each of which lets a client in, refuses it, or leaves it to the next.
import { REASON } from '#libs/mqtt'
import type { Peer, Permissions } from '#libs/topics'

/** A CONNECT, as far as providers look at it. */
export interface Attempt {
  readonly clientId: string
  readonly userName: string | undefined
  readonly password: Uint8Array | undefined
  readonly peer: Peer
}

/** `deny`: reason code in 5.0 numbers. `principal`: who the client is, whatever its client id. */
export type Verdict =
  | { readonly kind: 'allow'; readonly permissions: Permissions; readonly principal: string }
  | { readonly kind: 'deny'; readonly reasonCode: number; readonly sentence: string }

/** Leaves the decision to the next provider. */
export const next = { kind: 'next' } as const

export type Answer = Verdict | typeof next

/** One way of knowing clients. An answer that takes time is a promise, so that it holds up nobody else. */
export interface Provider {
  readonly name: string
  check(attempt: Attempt): Answer | Promise<Answer>
}

/** Bad User Name or Password. */
export const badCredentials = {
  kind: 'deny',
  reasonCode: REASON.badUserNameOrPassword,
  sentence: 'The user name or the password is wrong.',
} as const satisfies Verdict

/** Not authorized. */
export const notAuthorized = (sentence: string): Verdict => ({
  kind: 'deny',
  reasonCode: REASON.notAuthorized,
  sentence,
})

/** Asks one provider after the other; whom nobody knows is refused. Answers at once unless a provider needs time. */
export function authenticate(
  providers: readonly Provider[],
  attempt: Attempt,
  from = 0,
): Verdict | Promise<Verdict> {
  for (let index = from; index < providers.length; index++) {
    const answer = providers[index]?.check(attempt) ?? next
    if (answer instanceof Promise) {
      return answer.then((late) =>
        late.kind === 'next' ? authenticate(providers, attempt, index + 1) : late,
      )
    }
    if (answer.kind !== 'next') return answer
  }
  return attempt.userName === undefined ? notAuthorized('This broker asks for a user name.') : badCredentials
}
