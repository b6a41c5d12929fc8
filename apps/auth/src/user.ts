// The program behind `npm run user`: who may connect with a name and a password.
import { settingsFromEnvironment } from '#libs/platform'
import { runUserCommand } from './shell/user-command.js'

try {
  const { passwordFile, dataDir } = settingsFromEnvironment()
  process.exitCode = await runUserCommand(process.argv.slice(2), { passwordFile, dataDir })
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
