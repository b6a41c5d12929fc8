// Where the settings of this process come from: its environment, and the file `.env` in the folder it was started in.
import { existsSync } from 'node:fs'
import { readSettings, type Settings } from './settings.js'

/** The environment; what it does not name is taken from `.env`, if there is one. */
export function readEnvironment(): NodeJS.ProcessEnv {
  if (existsSync('.env')) process.loadEnvFile('.env')
  return process.env
}

/** Reads the settings, for programs that are no broker. Throws WrongSetting. */
export const settingsFromEnvironment = (): Settings => readSettings(readEnvironment())
