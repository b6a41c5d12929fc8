// The settings of this process, for programs that are no broker.
import { readSettings, type Settings } from './settings.js'

/** Reads the settings from the environment. Throws WrongSetting. */
export const settingsFromEnvironment = (): Settings => readSettings(process.env)
