// Publishes with QoS 0, 1 and 2 and hears it, with MQTT.js 3.1.1 and 5.0, using the packages of the fresh clone.
// Usage: node hello.mjs FOLDER PORT

import { createRequire } from 'node:module'
import { join } from 'node:path'

const [folder, port] = process.argv.slice(2)
const mqtt = createRequire(join(folder, 'package.json'))('mqtt')

const deadline = setTimeout(() => {
  console.error('nothing heard within 20 s')
  process.exit(1)
}, 20_000)

for (const protocolVersion of [4, 5]) {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion, reconnectPeriod: 0 })
  const heard = new Promise((resolve) => {
    const seen = new Set()
    client.on('message', (_topic, payload) => {
      seen.add(payload.toString())
      if (seen.size === 3) resolve()
    })
  })
  await client.subscribeAsync('first/+', { qos: 2 })
  for (const qos of [0, 1, 2]) await client.publishAsync('first/hour', `hello ${qos}`, { qos })
  await heard
  await client.endAsync()
}
clearTimeout(deadline)
