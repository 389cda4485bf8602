// Verifies webhooks as their receivers do, by two libraries: a line of JSON each, {secrets, headers, body}. Each of the
// secrets has to verify it.
import { createInterface } from "node:readline";
import { Webhook } from "standardwebhooks";
import { Webhook as Svix } from "svix";

let verified = 0;
for await (const line of createInterface({ input: process.stdin })) {
    const { secrets, headers, body } = JSON.parse(line);
    for (const secret of secrets) {
        for (const library of [Webhook, Svix])
            new library(secret).verify(Buffer.from(body, "base64").toString("utf8"), headers);
    }
    ++verified;
}
console.log(verified);
