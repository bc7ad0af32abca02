import { buildSchema, getOperationAST, parse, validate } from 'graphql'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { examples, tabs } from './examples.ts'

const schema = buildSchema(readFileSync('../schema.graphqls', 'utf8'))

for (const { query, takesName } of examples) {
  const document = parse(query)
  const operation = getOperationAST(document)
  test(`${operation?.name?.value}`, () => {
    expect(validate(schema, document)).toEqual([])
    const needed = operation!.variableDefinitions!.filter(({ type }) => type.kind === 'NonNullType')
    expect(needed.map(({ variable }) => variable.name.value)).toEqual(takesName ? ['name'] : [])
    expect(query).toMatch(/^# /)
  })
}

test('each tab has a title of its own', () => {
  const names = tabs('monday').map(({ query }) => getOperationAST(parse(query))?.name?.value)
  expect(names).not.toContain(undefined)
  expect(new Set(names).size).toBe(names.length)
})

test('a session is filled in where one is needed', () => {
  for (const { query, variables } of tabs('monday')) {
    expect(variables).toBe(query.includes('$name') ? '{\n  "name": "monday"\n}' : null)
  }
})
