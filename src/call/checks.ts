// The same words for bad options in every room: the checks themselves stand in core.
export { checkInteger, checkKnown, checkRange, checkWhole, describe, withArticle } from '../core/errors/checks.ts'
