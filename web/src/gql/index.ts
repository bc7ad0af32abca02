import { initGraphQLTada } from 'gql.tada'
import type { introspection } from './schema.d.ts'

/**
 * Makes a typed document of the text of an operation or a fragment: the types of its
 * result and variables follow from schema.graphqls.
 */
export const graphql = initGraphQLTada<{
  introspection: introspection
  scalars: { DateTime: string; Duration: string; Revision: number }
}>()

export type { ResultOf, VariablesOf } from 'gql.tada'
