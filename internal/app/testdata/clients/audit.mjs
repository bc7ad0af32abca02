// Audits the server at the address that is given, and prints the results as JSON: one
// list of objects with id, name and status, which is ok, error for a MUST that is not met,
// warn for a SHOULD and notice for a MAY.
import { auditServer } from 'graphql-http'

const results = await auditServer({ url: process.argv[2] })
console.log(JSON.stringify(results.map(({ id, name, status, reason }) => ({ id, name, status, reason }))))
