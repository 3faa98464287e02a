import type { SignalName } from '../listeners.ts'
import type { CallOutcome } from '../roles/results.ts'

/** A signal and its arguments. */
export type Told = readonly [signal: SignalName, ...given: (string | number)[]]

/**
 * The signals that a program wants to hear, as bits: the thread sends no others, and other processes need not be woken
 * for it. 8 and 16 are bits of a process itself (`turnstile.ts`).
 */
export const wants = { claimable: 1, ended: 2, reported: 4, scheduled: 32 } as const

/** A call, and how it has ended. */
export type Ending = readonly [id: string, outcome: CallOutcome]

/** An error on its way out of the thread: what it takes to make it again. */
export interface SentFailure {
  readonly code: string
  readonly message: string
}

/** A number to answer under, and what is asked. */
export type Request<A> = readonly [number: number, asked: A]

/** An answer, or why there is none. */
export type Answer = readonly [number: number, value: unknown, failure?: SentFailure]

/** A message to a store's thread; `listen` holds for the requests beside it. */
export interface ToThread<A> {
  /** Bits of `wants`. */
  readonly listen?: number
  readonly requests?: readonly Request<A>[]
  /** For tests: the clocks were turned; a number to answer under. */
  readonly turned?: number
  readonly close?: true
}

/** A message from the thread: answers and signals, in the order in which things happened. */
export interface FromThread {
  readonly answers?: readonly Answer[]
  readonly told?: readonly Told[]
  /** The ends of calls of which `told` says that they have ended, as far as this program is known to wait for them. */
  readonly ended?: readonly Ending[]
  readonly opened?: true
  readonly failed?: SentFailure
  readonly closed?: true
}

/** The data that a thread is started with. */
export interface Started<D> {
  readonly skeinStore: {
    /** The store's own. */
    readonly data: D
    /**
     * The signals to listen to from the beginning, as bits of `wants`: a thread that takes the place of another goes on
     * with that.
     */
    readonly listening: number
  }
}
