// Lint rules: TypeScript's strict set, and the bans that keep the pure rooms pure. Formatting is prettier's.
import { readFileSync } from 'node:fs'
import js from '@eslint/js'
import tseslint from 'typescript-eslint'

const { rooms } = JSON.parse(readFileSync(new URL('./rooms.json', import.meta.url), 'utf8'))
const pureFiles = rooms
  .filter((room) => room.pure)
  .map((room) => room.path.replace('$app', '*'))
  .map((path) => (path.endsWith('.ts') ? path : `${path}/**/*.ts`))

const tests = ['**/*.spec.ts', '**/*.contract.ts', '**/*.scenario.ts', '**/testing/**', 'test/**']
const impure = [
  'Date',
  'performance',
  'console',
  'process',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'fetch',
  'crypto',
]
const forbid = (names, message) => names.map((name) => ({ name, message }))

const noCast = {
  selector:
    'TSAsExpression:not([typeAnnotation.type="TSTypeReference"][typeAnnotation.typeName.name="const"])',
  message: 'No `as` but `as const`: narrow with a check at the border.',
}
const oneUnion = {
  selector: 'TSEnumDeclaration',
  message: 'No enums: a union, or a table `as const satisfies Shape`.',
}
const namedOnly = { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' }

export default tseslint.config(
  { ignores: ['**/*.d.ts', 'dist/', 'coverage/', 'node_modules/', 'data/', 'results/', '.cache/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'process',
          'console',
          'require',
          'module',
          'setTimeout',
          'clearTimeout',
          'setInterval',
          'clearInterval',
          'URL',
          'Buffer',
          'fetch',
          'performance',
          'AbortSignal',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strict],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' },
      ],
      // These two need types; a forgotten promise is a lost error, and a union without its last case is a lost packet.
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      'no-restricted-syntax': ['error', noCast, oneUnion, namedOnly],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      eqeqeq: ['error', 'smart'],
      // Reading bytes by index in loops that check their bounds first would else need a branch per byte.
      '@typescript-eslint/no-non-null-assertion': 'off',
      'no-console': 'error',
    },
  },
  {
    files: pureFiles,
    ignores: tests,
    rules: {
      'no-restricted-globals': [
        'error',
        ...forbid(impure, 'Pure room: time, chance and the world are arguments.'),
        ...forbid(['Buffer'], 'Only libs/base/src/bytes.ts may use Buffer.'),
      ],
      'no-restricted-properties': [
        'error',
        {
          object: 'Math',
          property: 'random',
          message: 'Pure room: chance is an argument (base: seeded random).',
        },
      ],
      'no-restricted-imports': [
        'error',
        { patterns: [{ group: ['node:*', '@nestjs/*'], message: 'Pure room: no Node, no Nest.' }] },
      ],
    },
  },
  {
    files: ['libs/base/src/bytes.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...forbid(impure, 'Pure room: time, chance and the world are arguments.'),
      ],
    },
  },
  {
    // A spec is a list of cases, often in one long describe; what it prints is its evidence.
    files: tests,
    rules: {
      'max-lines-per-function': 'off',
      'no-console': 'off',
    },
  },
  { files: ['vitest.config.ts'], rules: { 'no-restricted-syntax': 'off' } },
  { files: ['scripts/**'], rules: { 'no-console': 'off' } },
)
