// Resend's library against /compat/resend; see fronts.mjs.
import assert from "node:assert/strict";
import { Resend } from "resend";
import { BASE, FROM, KEY, READER, RUN, SLOW, WRONG, done, file, html, mean, pdf, pdfName, png, text } from "./fronts.mjs";

const client = (key) => new Resend(key, { baseUrl: BASE });
const resend = client(KEY);
const message = { from: `Der Laden <${FROM}>`, to: "order@outside.test", subject: "a", text: "b" };

function good({ data, error }) {
    assert.equal(error, null, JSON.stringify(error));
    return data;
}

function refused({ data, error }, statusCode, name) {
    assert.equal(data, null, JSON.stringify(data));
    assert.deepEqual([error.statusCode, error.name], [statusCode, name], JSON.stringify(error));
    assert.ok(error.message);
}

const single = good(await resend.emails.send({
    from: `Der Laden <${FROM}>`, to: ["Zoë <resend@outside.test>"], bcc: "resend-bcc@outside.test", replyTo: "answers@outside.test",
    subject: mean("resend@outside.test", { html, attachments: [file(pdfName, pdf), file("logo.png", png, "logo.png")], headers: { "X-Order": "4711" } }),
    text, html, headers: { "X-Order": "4711" }, tags: [{ name: "kind", value: "order" }],
    attachments: [{ filename: pdfName, content: pdf }, { filename: "logo.png", content: png.toString("base64"), contentType: "image/png", contentId: "logo.png" }],
}));
const got = good(await resend.emails.get(single.id));
assert.deepEqual([got.id, got.object, got.from, got.tags], [single.id, "email", FROM, [{ name: "kind", value: "order" }]]);
assert.ok(["queued", "sent", "delivered"].includes(got.last_event), got.last_event);

const batch = good(await resend.batch.send([1, 2].map(() => ({ ...message, to: "resend@outside.test", text, subject: mean("resend@outside.test") }))));
assert.equal(batch.data.length, 2);
refused(await resend.batch.send([message, { ...message, to: "nobody" }]), 422, "validation_error");
const permissive = good(await resend.batch.send([{ ...message, to: "resend@outside.test", text, subject: mean("resend@outside.test") },
    { ...message, to: "nobody" }], { batchValidation: "permissive" }));
assert.equal(permissive.data.length, 1);
assert.equal(permissive.errors[0].index, 1);
assert.ok(permissive.errors[0].message);

// What is sent twice with one key arrives once: the test counts.
const once = { ...message, to: "resend@outside.test", text, subject: mean("resend@outside.test") };
const first = good(await resend.emails.send(once, { idempotencyKey: `once/${RUN}` }));
assert.equal(good(await resend.emails.send(once, { idempotencyKey: `once/${RUN}` })).id, first.id);
refused(await resend.emails.send(message, { idempotencyKey: `once/${RUN}` }), 409, "invalid_idempotent_request");
refused(await resend.emails.send(message, { idempotencyKey: "a".repeat(257) }), 400, "invalid_idempotency_key");

const later = good(await resend.emails.send({ ...message, scheduledAt: new Date(Date.now() + 3600000).toISOString() }));
assert.equal(good(await resend.emails.get(later.id)).last_event, "scheduled");
assert.equal(good(await resend.emails.cancel(later.id)).id, later.id);
assert.equal(good(await resend.emails.get(later.id)).last_event, "canceled");
refused(await resend.emails.cancel(later.id), 422, "validation_error");
refused(await resend.emails.update({ id: later.id, scheduledAt: new Date().toISOString() }), 405, "method_not_allowed");

refused(await resend.emails.send({ ...message, subject: undefined }), 422, "missing_required_field");
refused(await resend.emails.send({ ...message, to: "nobody" }), 422, "validation_error");
refused(await resend.emails.send({ ...message, from: "anna@outside.test" }), 403, "validation_error");
refused(await resend.emails.send({ ...message, attachments: [{ filename: "a", path: "https://outside.test/a" }] }), 422, "invalid_attachment");
refused(await resend.emails.get("019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11"), 404, "not_found");
refused(await resend.domains.list(), 404, "not_found");
refused(await client(" ").emails.send(message), 401, "missing_api_key");
refused(await client(WRONG).emails.send(message), 403, "invalid_api_key");
refused(await client(READER).emails.send(message), 401, "restricted_api_key");
await client(SLOW).emails.get(later.id);
refused(await client(SLOW).emails.get(later.id), 429, "rate_limit_exceeded");
done();
