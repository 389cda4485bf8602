// What npm's mailparser reads of the messages in files, named one a line on standard input: a line of JSON each.
// Run by tests/compare/compare.py.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { simpleParser } from "mailparser";

for await (const file of createInterface({ input: process.stdin })) {
    const read = await simpleParser(readFileSync(file), { skipHtmlToText: true, skipTextToHtml: true, skipImageLinks: true, skipTextLinks: true });
    console.log(JSON.stringify({
        subject: read.subject ?? "",
        from: read.from?.value?.[0] ?? null,
        text: read.text ?? "",
        html: read.html || "",
        attachments: read.attachments.map((each) => ({
            filename: each.filename ?? "",
            content_type: each.contentType,
            sha256: createHash("sha256").update(each.content).digest("hex"),
        })),
    }));
}
