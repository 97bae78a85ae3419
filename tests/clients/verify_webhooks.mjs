// Verifies messages by the library that the Standard Webhooks project publishes: lines of {secret, headers, body} in, one of
// {verified, refused} out.
import { createInterface } from "node:readline";
import { Webhook } from "standardwebhooks";

let verified = 0;
const refused = [];
for await (const line of createInterface({ input: process.stdin })) {
  const { secret, headers, body } = JSON.parse(line);
  try {
    new Webhook(secret).verify(body, headers);
    verified += 1;
  } catch (error) {
    refused.push({ id: headers["webhook-id"], why: String(error) });
  }
}
console.log(JSON.stringify({ verified, refused }));
