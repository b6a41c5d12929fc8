// Why a listener does not open, in a sentence for who started the broker.

/** The error to end the start with. */
export function listenError(error: unknown, where: { name: string; host: string; port: number }): Error {
  const { name, host, port } = where
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const prefix = `TBMQ_${name.toUpperCase()}`
  if (code === 'EADDRINUSE') {
    return new Error(
      `Port ${String(port)} (${name}) is taken by another program. ${prefix}_PORT sets another one.`,
    )
  }
  if (code === 'EACCES') {
    return new Error(`Port ${String(port)} (${name}) needs more rights. ${prefix}_PORT sets another one.`)
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EINVAL') {
    return new Error(`${host} (${name}) is no address of this machine. ${prefix}_HOST sets another one.`)
  }
  return new Error(`${name} cannot listen on ${host}:${String(port)}: ${String(error)}`)
}
