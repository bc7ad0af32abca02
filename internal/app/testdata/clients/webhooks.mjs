// Verifies requests with the library of Standard Webhooks: a line of JSON each on stdin, with the
// secret, the headers and the body. Prints how many are right, and each that is not.
import { createInterface } from 'node:readline'
import { Webhook } from 'standardwebhooks'

let right = 0
for await (const line of createInterface({ input: process.stdin })) {
  const { secret, headers, body } = JSON.parse(line)
  try {
    const event = new Webhook(secret).verify(body, headers)
    if (event.id !== headers['webhook-id']) throw new Error(`the event has the id ${event.id}`)
    right++
  } catch (error) {
    console.log(`${headers['webhook-id']}: ${error.message}`)
  }
}
console.log(`verified ${right}`)
