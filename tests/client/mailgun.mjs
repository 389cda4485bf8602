// Mailgun's library against /compat/mailgun, with Node's own forms and with those of form-data; see fronts.mjs.
import assert from "node:assert/strict";
import FormDataPackage from "form-data";
import Mailgun from "mailgun.js";
import { BASE, FROM, KEY, READER, SLOW, WRONG, done, file, html, mean, pdf, pdfName, png, text, thrown } from "./fronts.mjs";

const client = (key, Form = FormData) => new Mailgun(Form).client({ username: "api", key, url: BASE });
const domain = FROM.split("@")[1];
const message = { from: FROM, to: "order@outside.test", subject: "a", text: "b" };

async function refused(call, status, words) {
    const error = await thrown(call);
    assert.equal(error.status, status, JSON.stringify(error));
    assert.match(String(error.details), words);
}

for (const Form of [FormData, FormDataPackage]) {
    // form-data writes a file's name as it is, so that it can have no quotes.
    const name = Form === FormData ? pdfName : pdfName.replaceAll('"', "");
    const sent = await client(KEY, Form).messages.create(domain, {
        from: `Der Laden <${FROM}>`, to: ["Zoë <mailgun@outside.test>"], bcc: "mailgun-bcc@outside.test",
        subject: mean("mailgun@outside.test", { html, attachments: [file(name, pdf), file("logo.png", png, "logo.png")], headers: { "X-Order": "4711" } }),
        text, html, "h:X-Order": "4711", "h:Reply-To": "answers@outside.test", "v:order": "4711", "o:tag": ["order", "test"], "o:tracking": "no",
        attachment: { data: pdf, filename: name, contentType: "application/pdf" }, inline: { data: png, filename: "logo.png", contentType: "image/png" },
    });
    assert.equal(sent.message, "Queued. Thank you.");
    assert.match(sent.id, /^<[0-9a-f-]{36}@.*>$/);
}

const mailgun = client(KEY);
// A message for each, with what is said of them.
const many = ["mailgun@outside.test", "mailgun-two@outside.test"];
const subject = mean(many[0], { text: "Für X, mailgun@outside.test\n" });
mean(many[1], { subject, text: "Für Y, mailgun-two@outside.test\n" });
await mailgun.messages.create(domain, {
    from: FROM, to: many, subject, text: "Für %recipient.name%, %recipient%\n",
    "recipient-variables": JSON.stringify({ [many[0]]: { name: "X" }, [many[1]]: { name: "Y" } }),
});
await mailgun.messages.create(domain, { ...message, "o:testmode": true });
await mailgun.messages.create(domain, { ...message, to: many[0], text, subject: mean(many[0]), "o:deliverytime": new Date(Date.now() + 2000).toUTCString() });

await refused(() => mailgun.messages.create(domain, { ...message, to: "nobody" }), 400, /to/);
await refused(() => mailgun.messages.create(domain, { ...message, template: "x" }), 400, /template/);
await refused(() => mailgun.messages.create(domain, { ...message, "o:tracking": "yes" }), 400, /o:tracking/);
await refused(() => mailgun.messages.create("outside.test", message), 404, /Domain not found: outside.test/);
await refused(() => mailgun.messages.create(domain, { ...message, from: "anna@outside.test" }), 403, /from/);
await refused(() => client(WRONG).messages.create(domain, message), 401, /key/);
await refused(() => client(READER).messages.create(domain, message), 403, /scope/);
await refused(() => client(SLOW).messages.create(domain, message), 403, /scope/);
await refused(() => client(SLOW).messages.create(domain, message), 429, /requests/);
done();
