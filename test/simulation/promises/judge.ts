// Every promise that can be judged from outside, when all is quiet.
import type { Ledger } from '../ledger/ledger.js'
import { judgeGroups } from './groups.js'
import { judgeReceipts } from './receipts.js'
import { judgeWills } from './wills.js'

export function judge(ledger: Ledger): void {
  judgeReceipts(ledger)
  judgeGroups(ledger)
  judgeWills(ledger)
}
