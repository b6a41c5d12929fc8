// The rows of the bench, as a table: what mqttload does, which figure counts, and what it must reach beside Mosquitto.
//
//   figure    what is taken from mqttload's result: `value` of it, in `unit`; `more: false` if less is better
//   must, aim times Mosquitto in the same run (for `more: false`: at most so many times), or `ofRow`: times our own other row
//   measure   measured otherwise than by mqttload alone (rest.mjs, scale.mjs); `ours`: on our broker only
//   warm      the load before measuring; 3 s of the same row unless said otherwise

const perSecond = { value: (result) => result.delivered_per_s, unit: '/s', more: true }
const drain = { value: (result) => result.drain_per_s, unit: '/s', more: true }
const connects = { value: (result) => result.conn_per_s, unit: '/s', more: true }
const memory = { value: (result) => result.rss_per_conn / 1024, unit: 'KiB', more: false }
const p50 = { value: (result) => result.lat_ms.p50, unit: 'ms', more: false }
const p99 = { value: (result) => result.lat_ms.p99, unit: 'ms', more: false }
const cpu = { value: (result) => result.broker_cpu, unit: 'core', more: false }

const seconds = { unit: 's', more: false }
const mebibytes = { unit: 'MiB', more: false }
const heapOf = ({ heapMiB, externalMiB }) => heapMiB + externalMiB

const timed = ['--warmup', '2', '--duration', '5']
const load = (text) => [...text.split(' '), ...timed]

const fanInQos1 = 'fanin --pubs 100 --subs 1 --qos 1 --window 20'
const kept = 'p2p --pairs 500 --qos 1 --persistent --window 10'
const fanOutQos1 = 'fanout --pubs 1 --subs 1000 --qos 1 --window 20'
const fanInQos1Single = 'fanin --pubs 1000 --subs 1 --qos 1 --window 1'

/** The same QoS 1 row with MQTT 5 and with 1 KiB: the ratios asked for are the same. */
const variants = (row, text) => [
  row,
  {
    ...row,
    id: `${row.id}-v5`,
    title: `${row.title}, MQTT 5`,
    load: [...row.load, '--mqtt', '5'],
    mqtt5: true,
  },
  { ...row, id: `${row.id}-1k`, title: `${row.title}, 1 KiB`, load: [...load(text), '--size', '1024'] },
]

const openLoop = (rate) => ({
  load: ['p2p', '--pairs', '100', '--qos', '1', '--rate', String(rate), '--warmup', '2', '--duration', '6'],
  warm: ['p2p', '--pairs', '100', '--qos', '1', '--rate', String(rate), '--warmup', '0', '--duration', '3'],
  runs: 5,
})

const tenThousand = ['connect', '-n', '10000', '--hold', '5', '--subscribe', '1']

export const rows = [
  {
    id: 'fan-in-0',
    title: 'fan-in QoS 0, window 100',
    load: load('fanin --pubs 100 --subs 1 --qos 0 --window 100'),
    figures: [{ ...perSecond, must: 4, aim: 10 }],
  },
  ...variants(
    {
      id: 'fan-in-1',
      title: 'fan-in QoS 1, window 20',
      load: load(fanInQos1),
      figures: [{ ...perSecond, must: 4, aim: 8 }],
    },
    fanInQos1,
  ),
  {
    id: 'fan-in-2',
    title: 'fan-in QoS 2, window 20',
    load: load('fanin --pubs 100 --subs 1 --qos 2 --window 20'),
    figures: [{ ...perSecond, must: 0.5, aim: 0.7, ofRow: 'fan-in-1' }],
  },
  ...variants(
    {
      id: 'kept-1',
      title: 'point to point QoS 1, kept',
      load: load(kept),
      figures: [{ ...perSecond, must: 2, aim: 4 }],
    },
    kept,
  ),
  {
    id: 'fan-out-0',
    title: 'fan-out 1 → 100 QoS 0, window 50',
    load: load('fanout --pubs 1 --subs 100 --qos 0 --window 50'),
    figures: [{ ...perSecond, must: 4, aim: 10 }],
  },
  ...variants(
    {
      id: 'fan-out-1',
      title: 'fan-out 1 → 1,000 QoS 1, window 20',
      load: load(fanOutQos1),
      figures: [{ ...perSecond, must: 4, aim: 10 }],
    },
    fanOutQos1,
  ),
  {
    id: 'offline',
    title: 'offline drain, 200 × 200',
    load: 'offline --subs 200 --messages 200 --pubs 10 --window 20'.split(' '),
    warm: 'offline --subs 200 --messages 200 --pubs 10 --window 20'.split(' '),
    figures: [{ ...drain, must: 1.5, aim: 4 }],
  },
  ...variants(
    {
      id: 'single-1',
      title: 'fan-in QoS 1, one under way each (1,000)',
      load: load(fanInQos1Single),
      figures: [{ ...perSecond, must: 0.9, aim: 1.3 }],
    },
    fanInQos1Single,
  ),
  {
    id: 'single-0',
    title: 'fan-in QoS 0, one under way each (1,000)',
    load: load('fanin --pubs 1000 --subs 1 --qos 0 --window 1'),
    figures: [{ ...perSecond, must: 1.2, aim: 1.8 }],
  },
  {
    id: 'fan-out-0-single',
    title: 'fan-out 1 → 100 QoS 0, one under way',
    load: load('fanout --pubs 1 --subs 100 --qos 0 --window 1'),
    figures: [{ ...perSecond, must: 0.9, aim: 1.2 }],
  },
  {
    id: 'open-5k',
    title: 'open loop 5,000/s QoS 1',
    ...openLoop(5000),
    figures: [
      { ...p50, name: 'p50', mustBe: 1.5, aimBe: 0.8 },
      { ...p99, name: 'p99', mustBe: 6, aimBe: 3 },
      { ...cpu, name: 'CPU', must: 2.5, aim: 1.7 },
    ],
  },
  {
    id: 'open-20k',
    title: 'open loop 20,000/s QoS 1',
    ...openLoop(20000),
    figures: [
      { ...p50, name: 'p50' },
      { ...p99, name: 'p99' },
      { ...cpu, name: 'CPU' },
    ],
  },
  {
    id: 'connect',
    title: '10,000 connects as fast as they go',
    load: tenThousand,
    // Some seconds of connects, as the other rows have some seconds of load.
    warm: ['connect', '-n', '10000', '--hold', '0', '--subscribe', '1'],
    figures: [{ ...connects, must: 0.2, aim: 0.35 }],
  },
  {
    id: 'memory',
    title: '10,000 connects to a broker that has just started',
    load: tenThousand,
    // A few connections, not many: memory that a larger load had already claimed would not be counted.
    warm: ['connect', '-n', '1000', '--hold', '2', '--subscribe', '1'],
    freshEachRun: true,
    figures: [
      { ...memory, name: 'memory per idle connection', mustBe: 10, aimBe: 8 },
      { ...connects, name: 'connects' },
    ],
  },
  {
    id: 'rest',
    title: 'at rest',
    measure: 'rest',
    runs: 3,
    figures: [
      {
        value: (result) => result.startMillis / 1000,
        name: 'first packet after start',
        unit: 's',
        more: false,
        mustBe: 1.5,
      },
      { value: (result) => result.startCpu, name: 'CPU time of a start', unit: 's', more: false },
      {
        value: (result) => result.rssMiB,
        name: 'memory at start',
        unit: 'MiB',
        more: false,
        mustBe: 170,
        aimBe: 135,
      },
      {
        value: (result) => result.idleCpuPercent,
        name: 'CPU with 10,000 idle connections',
        unit: '% of a core',
        more: false,
        mustBe: 2,
        aimBe: 0.5,
      },
    ],
  },
  {
    id: 'restore',
    title: '100,000 kept sessions × 3 subscriptions and 100,000 retained, after SIGKILL',
    measure: 'restore',
    ours: true,
    figures: [
      { ...seconds, value: (result) => result.connackSeconds, name: 'first packet accepted', mustBe: 10 },
      { ...seconds, value: (result) => result.readySeconds, name: 'ready', mustBe: 10 },
      { ...seconds, value: (result) => result.startCpu, name: 'CPU time' },
      { ...mebibytes, value: (result) => result.rssMiB, name: 'memory' },
    ],
  },
  {
    id: 'forgetting',
    title: '1,000,000 topics and 200,000 subscriptions come and go',
    measure: 'forgetting',
    ours: true,
    runs: 1,
    figures: [
      {
        value: ({ before, after }) => (heapOf(after) / heapOf(before)) * 100 - 100,
        name: 'more heap and external memory',
        unit: '%',
        more: false,
        mustBe: 20,
      },
      {
        ...mebibytes,
        value: ({ before, after }) => after.rssMiB - before.rssMiB,
        name: 'more resident memory',
        mustBe: 64,
      },
      {
        ...mebibytes,
        value: ({ atStart, after }) => after.rssMiB - atStart.rssMiB,
        name: 'more resident memory than at start',
      },
      { ...seconds, value: (result) => result.loadSeconds, name: 'took' },
    ],
  },
]
