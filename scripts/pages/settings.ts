// .env.example and docs/reference/settings.md: every setting, from its one declaration in libs/platform.

import { environmentExample, settingsPage } from '#libs/platform'
import type { Page } from './page.js'

export const environmentPage: Page = { path: '.env.example', render: environmentExample }

export const settingsReferencePage: Page = { path: 'docs/reference/settings.md', render: settingsPage }
