import { buildSchema, validate } from 'graphql'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { graphql } from './index.ts'

test('a typed document is one that the schema knows', () => {
  const schema = buildSchema(readFileSync('../schema.graphqls', 'utf8'))
  const document = graphql(`query { serverInfo { version } }`)
  expect(validate(schema, document)).toEqual([])
})
