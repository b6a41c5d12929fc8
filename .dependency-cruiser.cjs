// The rules of rooms.json in dependency-cruiser's words. Nothing is decided here: change rooms.json.
const { rooms } = require('./rooms.json')

const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
const under = (path) => `^${escape(path)}${path.endsWith('.ts') ? '$' : '/'}`

// One entry per real room: those of the services exist once per app.
const placed = rooms.flatMap((room) =>
  room.apps === undefined
    ? [{ ...room, id: room.name }]
    : room.apps.map((app) => ({
        ...room,
        id: `${app}/${room.name}`,
        path: room.path.replace('$app', app),
        own: (room.own ?? []).map((name) => `${app}/${name}`),
      })),
)
const pathsOf = (name) => placed.filter((room) => room.name === name || room.id === name)

// Specs, contracts and what only they use live beside the code they test and follow softer rules.
const TESTS = '(\\.(spec|contract|scenario)\\.ts$|/testing/)'

// A room inside another (record-batch in log, core and shell in their app) is not part of the outer one.
const innerOf = (room) =>
  placed
    .filter((other) => other.id !== room.id && other.path.startsWith(`${room.path}/`))
    .map((o) => under(o.path))

const reachable = (room) => {
  if ((room.rooms ?? []).includes('*')) return ['.']
  const others = [...(room.rooms ?? []), ...(room.own ?? [])]
    .flatMap(pathsOf)
    .map((other) => under(other.path))
  const npm = (room.npm ?? []).map((name) => `node_modules/(@types/)?${escape(name)}/`)
  const node = (room.node ?? []).map((name) => (name === '*' ? '^[a-z_:/]+$' : `^(node:)?${name}(/|$)`))
  return [...others, ...npm, ...node]
}

// Rooms may import their own files, but an outer room reaches an inner one only if its line says so.
const rulesOf = (room) => {
  const inner = innerOf(room)
  const allowed = reachable(room)
  const from = { path: under(room.path), pathNot: [TESTS, ...inner] }
  const comment = `${room.id} may import: ${[...(room.own ?? []), ...(room.rooms ?? [])].join(', ') || 'nothing'} (rooms.json)`
  const outside = {
    name: `room-${room.id}`,
    comment,
    severity: 'error',
    from,
    to: { pathNot: [under(room.path), ...allowed] },
  }
  if (inner.length === 0) return [outside]
  const inside = {
    name: `room-${room.id}-inner`,
    comment,
    severity: 'error',
    from,
    to: { path: inner, ...(allowed.length > 0 ? { pathNot: allowed } : {}) },
  }
  return [outside, inside]
}

module.exports = {
  forbidden: [
    ...placed.filter((room) => !(room.rooms ?? []).includes('*')).flatMap(rulesOf),
    {
      name: 'no-room',
      comment: 'A file that stands in no room of rooms.json. If it fits nowhere, the map is wrong: raise it.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: placed.map((room) => under(room.path)) },
      to: {},
    },
    {
      name: 'no-foreign-app',
      comment: 'No app imports another; only standalone and tests do.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/', pathNot: '^apps/standalone/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'only-modules',
      comment: 'standalone is a list of modules: it sees the index of each app and nothing behind it.',
      severity: 'error',
      from: { path: '^apps/standalone/' },
      to: { path: '^apps/', pathNot: ['^apps/standalone/', '^apps/[^/]+/src/index\\.ts$'] },
    },
    {
      name: 'no-app-in-lib',
      comment: 'No lib imports an app, not even in its specs.',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^apps/' },
    },
    {
      name: 'no-test-in-code',
      comment: 'What ships never imports a test or what only tests use.',
      severity: 'error',
      from: { path: '^(apps|libs|scripts)/', pathNot: TESTS },
      to: { path: ['^test/', TESTS] },
    },
    {
      name: 'no-development-package',
      comment: 'What ships uses what an installation without development packages has.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: TESTS },
      to: {
        dependencyTypes: ['npm-dev'],
        dependencyTypesNot: ['type-only'],
        pathNot: 'node_modules/@types/',
      },
    },
    {
      name: 'no-circle',
      comment:
        'Files that import each other in a circle are one thing, or two things cut in the wrong place.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'resolvable',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    // Without these names the imports through `#libs/…` are not seen at all.
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'node', 'types', 'default'],
    },
  },
}
