// What is generated from the settings: `.env.example` and the page of the manual.
import { settingsTable } from './settings.js'

/** The text of `.env.example`: every setting with its sentence and default, commented out. */
export function environmentExample(): string {
  const lines = [
    '# Every setting with its default. Copy to .env, or set in the environment, which goes first; what is not set has its default.',
    '',
  ]
  for (const { name, kind, fallback, why } of Object.values(settingsTable)) {
    lines.push(`# ${why} (${kind.written})`, `# ${name}=${fallback}`, '')
  }
  return lines.join('\n')
}

/** The page of the manual with all settings. */
export function settingsPage(): string {
  const rows = Object.values(settingsTable).map(
    ({ name, kind, fallback, why }) =>
      `| \`${name}\` | ${kind.written.replaceAll('|', '\\|')} | ${fallback === '' ? '' : `\`${fallback}\``} | ${why} |`,
  )
  return [
    '# Settings',
    '',
    'All settings are environment variables; those not set there are taken from the file `.env` in the folder that the broker is started in. This page is generated.',
    '',
    '| Name | Value | Default | Meaning |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}
