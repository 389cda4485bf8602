// Postmark's library against /compat/postmark; see fronts.mjs. It gives no key for what is repeated: what is sent twice arrives twice.
import assert from "node:assert/strict";
import { Errors, Models, ServerClient } from "postmark";
import { BASE, FROM, KEY, READER, SLOW, WRONG, done, file, html, mean, pdf, pdfName, png, text, thrown } from "./fronts.mjs";

const client = (key) => new ServerClient(key, { useHttps: true, requestHost: BASE.replace("https://", "") });
const postmark = client(KEY);
const message = { From: FROM, To: "order@outside.test", Subject: "a", TextBody: "b" };
const arriving = () => ({ ...message, To: "postmark@outside.test", TextBody: text, Subject: mean("postmark@outside.test") });

async function refused(call, kind, statusCode, code) {
    const error = await thrown(call);
    assert.ok(error instanceof kind, String(error.stack));
    assert.deepEqual([error.statusCode, error.code], [statusCode, code], error.message);
    return error;
}

const single = await postmark.sendEmail({
    From: `Der Laden <${FROM}>`, To: "Zoë <postmark@outside.test>", Bcc: "postmark-bcc@outside.test", ReplyTo: "answers@outside.test",
    Subject: mean("postmark@outside.test", { html, attachments: [file(pdfName, pdf), file("logo.png", png, "logo.png")], headers: { "X-Order": "4711" } }),
    TextBody: text, HtmlBody: html, Tag: "order", Metadata: { order: "4711" }, MessageStream: "outbound", TrackLinks: Models.LinkTrackingOptions.None,
    Headers: [{ Name: "X-Order", Value: "4711" }],
    Attachments: [new Models.Attachment(pdfName, pdf.toString("base64"), "application/pdf"), new Models.Attachment("logo.png", png.toString("base64"), "image/png", "cid:logo.png")],
});
assert.deepEqual([single.ErrorCode, single.Message, single.To], [0, "OK", "Zoë <postmark@outside.test>"]);
const details = await postmark.getOutboundMessageDetails(single.MessageID);
assert.deepEqual([details.MessageID, details.Tag, details.Metadata], [single.MessageID, "order", { order: "4711" }]);

const batch = await postmark.sendEmailBatch([arriving(), { ...message, To: "nobody" }, { ...message, From: "anna@outside.test" },
    { ...message, To: "suppressed@outside.test" }, arriving()]);
assert.deepEqual(batch.map((each) => each.ErrorCode), [0, 300, 400, 406, 0]);
assert.equal(batch.filter((each) => each.MessageID).length, 2);

const inactive = await refused(() => postmark.sendEmail({ ...message, To: "suppressed@outside.test" }), Errors.InactiveRecipientsError, 422, 406);
assert.deepEqual(inactive.recipients, ["suppressed@outside.test"]);
const some = await postmark.sendEmail({ ...arriving(), Cc: "suppressed@outside.test" });
assert.equal(some.ErrorCode, 0);
assert.match(some.Message, /these inactive addresses: suppressed@outside.test$/);
const dump = await postmark.getSuppressions("outbound", { emailAddress: "suppressed@outside.test" });
assert.deepEqual(dump.Suppressions.map((each) => each.EmailAddress), ["suppressed@outside.test"]);

const error = await refused(() => postmark.sendEmail({ ...message, To: "nobody", Cc: "someone" }), Errors.InvalidEmailRequestError, 422, 300);
assert.match(error.message, /To.*Cc/);
await refused(() => postmark.sendEmail({ ...message, TrackLinks: "HtmlAndText" }), Errors.InvalidEmailRequestError, 422, 300);
await refused(() => postmark.sendEmail({ ...message, From: "anna@outside.test" }), Errors.ApiInputError, 422, 400);
await refused(() => postmark.sendEmailBatch(Array(501).fill(message)), Errors.ApiInputError, 422, 410);
// The server has this template: its subject is {{subject}}, its text {{text}}.
const templated = (alias = "postmark") => ({ From: FROM, To: "postmark@outside.test", TemplateAlias: alias,
    TemplateModel: { subject: alias === "postmark" ? mean("postmark@outside.test") : "a", text } });
assert.equal((await postmark.sendEmailWithTemplate(templated())).ErrorCode, 0);
const both = await postmark.sendEmailBatchWithTemplates([templated(), templated("nobody's")]);
assert.deepEqual(both.map((each) => each.ErrorCode), [0, 1101]);
await refused(() => postmark.sendEmailWithTemplate({ From: FROM, To: "order@outside.test", TemplateId: 1, TemplateModel: {} }), Errors.ApiInputError, 422, 1101);
await refused(() => postmark.getOutboundMessageDetails("019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11"), Errors.PostmarkError, 404, 701);
await refused(() => client(WRONG).sendEmail(message), Errors.InvalidAPIKeyError, 401, 10);
await refused(() => client(READER).sendEmail(message), Errors.InvalidAPIKeyError, 401, 10);
await client(SLOW).getOutboundMessageDetails(single.MessageID);
await refused(() => client(SLOW).getOutboundMessageDetails(single.MessageID), Errors.RateLimitExceededError, 429, 429);

// Its token for tests sends nothing.
assert.equal((await client("POSTMARK_API_TEST").sendEmail(message)).ErrorCode, 0);
await refused(() => client("POSTMARK_API_TEST").sendEmail({ ...message, To: "nobody" }), Errors.InvalidEmailRequestError, 422, 300);
done();
