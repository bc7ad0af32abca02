// Servers to test on. internal/app/browser runs them, on a real Redis.

import { graphql } from '../src/gql/index.ts'
import { print } from 'graphql'
import type { ResultOf, VariablesOf } from '../src/gql/index.ts'

const stage = process.env['TEST_BOSGRAPH_STAGE']

interface Started {
  id: number
  url: string
  namespace: string
}

async function order<T = Started>(path: string, body?: object): Promise<T> {
  if (!stage) throw new Error('these tests are run by `go test ./internal/app/browser`')
  const response = await fetch(stage + path, { method: 'POST', body: JSON.stringify(body ?? {}) })
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`)
  return (await response.json()) as T
}

/** Who gets a token. */
export interface Holder {
  Name: string
  Roles: string[]
  Tenants?: string[]
  /** How long it is valid, in nanoseconds; without it, it has no end. */
  Valid?: number
}

/** Makes tokens, and the options of a server that accepts them. */
export async function makeTokens(...holders: Holder[]): Promise<{ tokens: string[]; options: string[] }> {
  const { file, tokens } = await order<{ file: string; tokens: string[] }>('/tokens', holders)
  return { tokens, options: ['--auth', 'tokens', '--token-file', file] }
}

/**
 * Starts an OpenID Connect provider whose client may be sent back to that path of any server, and whose
 * tokens live so long; the answer is its issuer.
 */
export async function startProvider(path: string, lifetime = '5m'): Promise<string> {
  return (await order<{ issuer: string }>('/provider', { redirect: `http://127.0.0.1${path}`, lifetime })).issuer
}

/** A running server. It ends with the test run at the latest. */
export class Server {
  private constructor(private started: Started, private token: string) {}

  /**
   * Starts one: with a namespace of another server's, it is one more replica of that. What the test
   * asks it goes with the token, if there is one.
   */
  static async start(command: string[], namespace = '', token = ''): Promise<Server> {
    return new Server(await order('/servers', { command, namespace }), token)
  }

  /** Where it is, without a slash at the end. */
  get url(): string {
    return this.started.url
  }

  get namespace(): string {
    return this.started.namespace
  }

  /** Ends it as SIGTERM does. */
  async stop(): Promise<void> {
    await order(`/servers/${this.started.id}/stop`)
  }

  /** Starts it again, where it was. */
  async restart(): Promise<void> {
    await order(`/servers/${this.started.id}/start`)
  }

  /** Asks a query or makes a mutation that is to go well. */
  async ask<D extends Parameters<typeof print>[0]>(document: D, variables?: VariablesOf<D>): Promise<ResultOf<D>> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(this.token && { authorization: `Bearer ${this.token}` }) },
      body: JSON.stringify({ query: print(document), variables }),
    })
    const { data, errors } = (await response.json()) as { data: ResultOf<D>; errors?: { message: string }[] }
    if (errors) throw new Error(errors.map(({ message }) => message).join('\n'))
    return data
  }

  /** Makes changes, of which each is to be applied. */
  async patch(components: VariablesOf<typeof PatchComponents>['components']): Promise<void> {
    const { patchComponents } = await this.ask(PatchComponents, { components })
    expectNone(patchComponents.userErrors)
  }

  /** Runs a session of these components, which are being powered on; started then, or now. */
  async boot(name: string, ids: string[], tenant: string | null = null, startTime: string | null = null): Promise<void> {
    const { createSession } = await this.ask(CreateSession, { input: { name, tenant, operation: 'BOOT', templateName: 'compute', startTime } })
    expectNone(createSession.userErrors)
    for (let from = 0; from < ids.length; from += 1000) {
      const components = ids.slice(from, from + 1000).map((id) => ({
        id,
        enabled: true,
        session: name,
        status: { phase: 'powering_on' },
      }))
      const { putComponents } = await this.ask(PutComponents, { components })
      expectNone(putComponents.userErrors)
    }
    const { updateSession } = await this.ask(UpdateSession, { input: { name, tenant, status: 'RUNNING' } })
    expectNone(updateSession.userErrors)
  }

  /** Says which components a tenant owns. */
  async own(name: string, components: string[]): Promise<void> {
    const { putTenant } = await this.ask(PutTenant, { input: { name, components } })
    expectNone(putTenant.userErrors)
  }
}

function expectNone(userErrors: { message: string }[]) {
  if (userErrors.length > 0) throw new Error(userErrors.map(({ message }) => message).join('\n'))
}

/** The xnames of the first nodes of a machine: 4 nodes a slot, 8 slots a chassis, 8 chassis a cabinet. */
export function xnames(n: number): string[] {
  return Array.from({ length: n }, (_, i) => {
    const at = (size: number, count: number) => Math.floor(i / size) % count
    return `x${1000 + Math.floor(i / 256)}c${at(32, 8)}s${at(4, 8)}b${at(2, 2)}n${i % 2}`
  })
}

const CreateSession = graphql(`
  mutation CreateSession($input: CreateSessionInput!) {
    createSession(input: $input) {
      userErrors {
        message
      }
    }
  }
`)

const UpdateSession = graphql(`
  mutation UpdateSession($input: UpdateSessionInput!) {
    updateSession(input: $input) {
      userErrors {
        message
      }
    }
  }
`)

const PutComponents = graphql(`
  mutation PutComponents($components: [ComponentInput!]!) {
    putComponents(input: { components: $components }) {
      userErrors {
        message
      }
    }
  }
`)

const PatchComponents = graphql(`
  mutation PatchComponents($components: [ComponentPatch!]!) {
    patchComponents(input: { components: $components }) {
      userErrors {
        message
      }
    }
  }
`)

const PutTenant = graphql(`
  mutation PutTenant($input: PutTenantInput!) {
    putTenant(input: $input) {
      userErrors {
        message
      }
    }
  }
`)
