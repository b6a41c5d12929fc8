// Connections over plain TCP: each socket is read into the buffer that all share.
import { forwardedPeer, headerMissing, HeaderIntake } from '../proxy-protocol.js'
import { Arrival } from './arrival.js'
import type { Guest } from './entrance.js'
import type { Surroundings } from './listener.js'
import { readInto } from './shared-read.js'
import { SocketTransport } from './socket-transport.js'

export function admitTcp(guest: Guest, surroundings: Surroundings): void {
  if (guest.isProxy) admitBehindProxy(guest, surroundings)
  else admitDirectly(guest, surroundings)
}

function admitDirectly({ socket, peer, left }: Guest, { reception }: Surroundings): void {
  readInto(socket, (buffer, from, to) => {
    transport.events?.received(buffer, from, to)
  })
  socket.on('close', left)
  const transport = new SocketTransport(socket, peer)
  transport.events = reception.open(transport)
  if (transport.events === undefined) socket.destroy()
  else socket.resume()
}

/** The connection begins behind the PROXY header, with the peer that it names. */
function admitBehindProxy({ socket, peer, left }: Guest, surroundings: Surroundings): void {
  const intake = new HeaderIntake()
  const introduce = (buffer: Uint8Array, from: number, to: number): void => {
    const header = intake.take(buffer, from, to)
    if (header.kind === 'more') return
    if (header.kind !== 'header') {
      arrival.refuseHeader(peer, header.kind === 'malformed' ? header.sentence : headerMissing)
      return
    }
    transport.peer = forwardedPeer(peer, header)
    transport.events = surroundings.reception.open(transport)
    arrival.over()
    const behind = intake.from + header.length
    if (transport.events === undefined) socket.destroy()
    else if (behind < intake.to) transport.events.received(intake.bytes, behind, intake.to)
  }
  readInto(socket, (buffer, from, to) => {
    if (socket.destroyed) return
    if (transport.events === undefined) introduce(buffer, from, to)
    else transport.events.received(buffer, from, to)
  })
  socket.on('close', left)
  const arrival = new Arrival(socket, surroundings)
  const transport = new SocketTransport(socket, peer)
  socket.resume()
}
