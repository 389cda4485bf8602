// What the programs beside it have in common: each uses another mail service's own library, unchanged, against the front that
// answers as that service does. BASE, KEY, FROM and RUN are in the environment, and keys that may not send (READER), may ask
// once a minute (SLOW), or are none (WRONG); suppressed@outside.test is suppressed. Prints what should have arrived, as JSON.
import assert from "node:assert/strict";

export const { BASE, KEY, READER, SLOW, FROM, RUN } = process.env;
export const WRONG = "vk_00000000000000000000000000000000_0000";
export const text = "Grüße,\n.\n½ naïve café, 日本語 🦉\n" + "long ".repeat(300) + "\n";
export const html = '<p>Grüße <b>日本語</b> =20 <img src="cid:logo.png"></p>\n';
export const pdf = Buffer.from(Uint8Array.from({ length: 70000 }, (_, i) => (i * i + (i >> 8)) & 255));
export const png = Buffer.from("\r\n--not a boundary\r\n\0.\r\n", "latin1");
export const pdfName = 'Übersicht "2026" 表.pdf';

const meant = [];

/** Notes a message that is to arrive, and gives its subject. */
export function mean(to, more = {}) {
    const subject = `Grüße ${RUN} ${meant.length}`;
    meant.push({ to, subject, text, html: null, attachments: [], headers: {}, ...more });
    return subject;
}

export function file(filename, content, id = null) {
    return { filename, content: content.toString("base64"), id };
}

/** What a call throws. */
export async function thrown(call) {
    try {
        await call();
    } catch (error) {
        return error;
    }
    return assert.fail("nothing was refused");
}

export function done() {
    console.log(JSON.stringify(meant));
}
