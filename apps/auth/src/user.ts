// The program behind `npm run user`: who may connect with a name and a password.
import { fileError, settingsFromEnvironment } from '#libs/platform'
import { runUserCommand } from './shell/user-command.js'

try {
  const { passwordFile, dataDir } = settingsFromEnvironment()
  process.exitCode = await runUserCommand(process.argv.slice(2), { passwordFile, dataDir })
} catch (error) {
  const sentence = fileError(error) ?? (error instanceof Error ? error.message : String(error))
  process.stderr.write(`${sentence}\n`)
  process.exitCode = 1
}
