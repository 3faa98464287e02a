import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { SkeinError } from 'skein'
import type { DurableQueue, JobStatus } from 'skein/queue'
import type { Answer, Purchase } from './tasks.ts'

const style = `
:root { color-scheme: light dark; --ink: light-dark(#1d2433, #e6e9f0); --soft: light-dark(#667085, #98a2b3); --line: light-dark(#e4e7ec, #344054); --paper: light-dark(#fff, #161b26); --back: light-dark(#f5f6f8, #0c111d) }
body { margin: 0 auto; padding: 2.5rem 1.5rem; max-width: 46rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back) }
h1 { margin: 0 0 1.5rem; font-size: 1.6rem }
h2 { margin: 2rem 0 .75rem; font-size: 1rem; color: var(--soft); font-weight: 600 }
article { display: flex; gap: 1rem; align-items: center; padding: 1rem 1.25rem; margin-bottom: .75rem; border: 1px solid var(--line); border-radius: .6rem; background: var(--paper) }
article div { flex: 1; min-width: 0; overflow-wrap: anywhere }
article p { margin: 0; color: var(--soft); font-size: .9rem }
form { display: flex; gap: .5rem }
button { padding: .5rem .9rem; font: inherit; border: 1px solid var(--line); border-radius: .4rem; background: none; color: inherit; cursor: pointer }
button.approve { background: #175cd3; border-color: #175cd3; color: #fff }
.state { font-size: .9rem; padding: .1rem .6rem; border-radius: 1rem; border: 1px solid var(--line) }
.done { color: light-dark(#067647, #75e0a7) } .failed { color: light-dark(#b42318, #fda29b) }`

/** A web page with the purchases that wait for an answer, and two buttons for each. */
export function approvalSite(queue: DurableQueue): Server {
  return createServer((request, response) => {
    respond(queue, request, response).catch((error: unknown) => {
      const known = error instanceof SkeinError
      send(
        response,
        known ? 409 : 500,
        `<h1>That did not work</h1><p>${escapeHtml(known ? error.message : 'See the log.')}</p>`,
      )
      if (!known) console.error(error)
    })
  })
}

async function respond(queue: DurableQueue, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = decoded(request.url ?? '/')
  if (request.method === 'GET' && path === '/') return send(response, 200, await listed(queue))
  const [, id, answer] = /^\/purchases\/(.+)\/(approve|decline)$/.exec(path) ?? []
  if (request.method !== 'POST' || id === undefined) return send(response, 404, '<h1>There is no such page</h1>')
  // A page of somebody else must not be able to press the button.
  const { origin, host } = request.headers
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
    return send(response, 403, '<h1>Not from there</h1>')
  }
  const value: Answer = { approved: answer === 'approve', by: 'the web page' }
  await queue.signal(id, 'approval', value)
  response.writeHead(303, { location: '/' }).end()
}

/** The path of a request; of one that cannot be read, none. */
function decoded(url: string): string {
  const [path = ''] = url.split('?')
  try {
    return decodeURIComponent(path)
  } catch {
    return ''
  }
}

async function listed(queue: DurableQueue): Promise<string> {
  const jobs = await queue.jobs({ task: 'tasks.purchase' })
  const waiting = jobs.filter(each => each.state === 'held')
  const others = jobs.filter(each => each.state !== 'held')
  return `<h1>Purchases</h1>
<h2>${waiting.length === 0 ? 'None waits for an answer' : 'These wait for an answer'}</h2>
${waiting.map(job => article(job, buttons(job.id))).join('\n')}
${others.length === 0 ? '' : '<h2>The others</h2>'}
${others.map(job => article(job, `<span class="state ${job.state}">${job.state}</span>`)).join('\n')}`
}

function article({ args, error }: JobStatus, right: string): string {
  const { who, what, cents } = (args?.[0] ?? { who: 'somebody', what: 'a damaged job', cents: 0 }) as Purchase
  const reason = error instanceof Error ? `: ${error.message}` : ''
  const text = `${who}, ${(cents / 100).toFixed(2)} €${reason}`
  return `<article><div><strong>${escapeHtml(what)}</strong><p>${escapeHtml(text)}</p></div>${right}</article>`
}

function buttons(id: string): string {
  const path = escapeHtml(`/purchases/${encodeURIComponent(id)}`)
  return `<form method="post"><button class="approve" formaction="${path}/approve">Approve</button><button formaction="${path}/decline">Decline</button></form>`
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
  })
  response.end(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Purchases</title><style>${style}</style></head>
<body>${body}</body></html>
`)
}

/** What people have typed is foreign text. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, letter => `&#${letter.charCodeAt(0)};`)
}
