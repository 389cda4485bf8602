// SendGrid's library against /compat/sendgrid; see fronts.mjs. It sends a mail's header fields as fields of HTTP, too: they are none
// of the mail's here, and an Idempotency-Key among them keeps nothing from being sent.
import assert from "node:assert/strict";
import sendgrid from "@sendgrid/mail";
import { BASE, FROM, KEY, READER, SLOW, WRONG, done, file, html, mean, pdf, pdfName, png, text, thrown } from "./fronts.mjs";

console.warn = () => {}; // that a key does not begin with "SG."

function use(key) {
    sendgrid.setApiKey(key);
    sendgrid.client.setDefaultRequest("baseUrl", BASE);
}
const message = { from: FROM, to: "order@outside.test", subject: "a", text: "b" };

async function refused(call, code, field) {
    const error = await thrown(call);
    assert.equal(error.code, code, String(error));
    assert.ok(error.response.body.errors[0].message);
    assert.deepEqual(error.response.body.errors.map((each) => each.field), [field].flat(), JSON.stringify(error.response.body));
}

use(KEY);
const [single] = await sendgrid.send({
    from: { email: FROM, name: "Der Laden" }, to: "Zoë <sendgrid@outside.test>", bcc: "sendgrid-bcc@outside.test", replyTo: "answers@outside.test",
    subject: mean("sendgrid@outside.test", { html, attachments: [file(pdfName, pdf), file("logo.png", png, "logo.png")], headers: { "X-Order": "4711" } }),
    text, html, categories: ["order"], customArgs: { order: "4711" }, headers: { "X-Order": "4711" },
    attachments: [{ content: pdf.toString("base64"), filename: pdfName, type: "application/pdf", disposition: "attachment" },
        { content: png.toString("base64"), filename: "logo.png", type: "image/png", disposition: "inline", contentId: "logo.png" }],
    trackingSettings: { clickTracking: { enable: false, enableText: false } },
});
assert.deepEqual([single.statusCode, single.body], [202, ""]);
assert.match(single.headers["x-message-id"], /^[0-9a-f-]{36}$/);

// The field counts for the mail alone: both arrive.
for (const _ of [1, 2])
    await sendgrid.send({ ...message, to: "sendgrid@outside.test", text, headers: { "Idempotency-Key": "1" },
        subject: mean("sendgrid@outside.test", { headers: { "Idempotency-Key": "1" } }) });

// Each recipient a message of their own.
const many = ["sendgrid@outside.test", "sendgrid-two@outside.test"];
await sendgrid.send({
    from: FROM, text: "Für -name-\n",
    personalizations: many.map((to, i) => ({ to, subject: mean(to, { text: `Für ${"XY"[i]} -name-\n` }), substitutions: { name: `${"XY"[i]} -name-` } })),
    substitutionWrappers: ["-", "-"],
});
const shared = mean(many[0]);
await sendgrid.sendMultiple({ ...message, to: many, text, subject: shared });

const [sandbox] = await sendgrid.send({ ...message, mailSettings: { sandboxMode: { enable: true } } });
assert.equal(sandbox.statusCode, 200);
await refused(() => sendgrid.send({ ...message, to: "nobody", cc: "someone" }), 400, ["personalizations.0.to.0.email", "personalizations.0.cc.0.email"]);
await refused(() => sendgrid.send({ ...message, templateId: "d-1" }), 400, "template_id");
await refused(() => sendgrid.send({ ...message, trackingSettings: { clickTracking: { enable: true, enableText: true } } }), 400, "tracking_settings.click_tracking.enable_text");
await refused(() => sendgrid.send({ ...message, from: "anna@outside.test" }), 403, "from");
use(WRONG);
await refused(() => sendgrid.send(message), 401, null);
use(READER);
await refused(() => sendgrid.send(message), 403, null);
use(SLOW);
await refused(() => sendgrid.send(message), 403, null);
await refused(() => sendgrid.send(message), 429, null);
done();
