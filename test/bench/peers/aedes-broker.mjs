// Aedes as its README starts it, on one TCP port: the usual MQTT broker of Node, in memory. Usage: node aedes-broker.mjs PORT

import { createServer } from 'node:net'
import { Aedes } from 'aedes'

const aedes = await Aedes.createBroker({ concurrency: 1000, queueLimit: 100_000 })
const server = createServer({ noDelay: true }, aedes.handle)
server.listen(Number(process.argv[2]), '127.0.0.1')
