import { type Owner, refusalOf } from '../../core/scope/owner.ts'

/** Throws where a wait may not begin or go on: its owner has been cancelled, or has ended. @param title that of what is waited for */
export function checkMayWait(by: Owner | undefined, title: string): void {
  const refusal = refusalOf(by, title)
  if (refusal !== undefined) throw refusal
}
