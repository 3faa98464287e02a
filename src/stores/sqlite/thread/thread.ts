/** The program of the store's own thread. */
import { serveSqlite } from './serve.ts'

await serveSqlite()
