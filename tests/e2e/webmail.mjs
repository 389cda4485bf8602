// A person at webmail: logs in, reads mail that came from outside, answers it, sets a filter and a vacation answer, changes the
// password and comes in with the new one. Values come in the environment (tests/lab/browser.py); what was seen is printed as JSON.
import { chromium } from 'playwright-core';

const { PROFILE, SHOTS, RESOLVE, URL: base, ADDRESS, PASSWORD, NEW_PASSWORD, SUBJECT, REPLY, FILTER_WORD, VACATION } = process.env;

const browser = await chromium.launchPersistentContext(PROFILE, {
    executablePath: '/usr/bin/chromium',
    headless: true,
    ignoreHTTPSErrors: true,
    viewport: { width: 1280, height: 800 },
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', `--host-resolver-rules=${RESOLVE}`],
});
const page = browser.pages()[0] ?? await browser.newPage();
page.setDefaultTimeout(30_000);
const faults = [];
page.on('pageerror', (error) => faults.push(`${page.url()}: ${error.message}`));
page.on('console', (message) => {
    if (message.text().includes('Content Security Policy'))
        faults.push(`${page.url()}: ${message.text()}`);
});
page.on('dialog', (dialog) => dialog.accept());

let number = 0;
async function shot(name) {
    number += 1;
    await page.screenshot({ path: `${SHOTS}/webmail-${number}-${name}.png` });
}

async function login(password) {
    await page.goto(`${base}/webmail/`);
    await page.fill('#rcmloginuser', ADDRESS);
    await page.fill('#rcmloginpwd', password);
    await shot('login');
    await page.click('#rcmloginsubmit');
}

/** Roundcube says at the lower edge that something is done. */
async function confirmed(where = page) {
    await where.waitForSelector('#messagestack .confirmation, #messagestack .alert-success', { state: 'attached' });
}

async function settings(action, form) {
    await page.goto(`${base}/webmail/?_task=settings&_action=${action}`);
    await page.waitForSelector(form, { state: 'attached' });
}

let text;
try {
    // --- Read, and answer ---------------------------------------------------------------------------------------------------------
    await login(PASSWORD);
    await page.waitForSelector('#messagelist tr.message');
    await shot('inbox');
    await page.click(`#messagelist tr.message:has-text("${SUBJECT}")`);
    const preview = page.frameLocator('#messagecontframe');
    text = await preview.locator('#messagebody').innerText();
    await shot('message');
    await page.click('#messagelist-content ~ * a.reply, a.reply:visible');
    await page.waitForURL(/_action=compose/);
    await page.fill('#composebody', REPLY);
    await shot('reply');
    await page.click('a.send:visible, button.send:visible');
    await page.waitForSelector('#messagelist tr.message');

    // --- A filter that moves mail -----------------------------------------------------------------------------------------------------
    await settings('plugin.managesieve', '#filterslist, #filtersetslist');
    await page.click('a.create:visible');
    const editor = page.frameLocator('#filter-box');
    await editor.locator('input[name="_name"]').fill('Lab');
    await editor.locator('select[name="_header[0]"]').selectOption('subject');
    await editor.locator('input:visible:not([name="_name"]):not([type="checkbox"])').first().fill(FILTER_WORD);
    await editor.locator('select[name="_action_type[0]"]').selectOption('fileinto');
    await editor.locator('select[name="_action_mailbox[0]"]').selectOption('Archive');
    await shot('filter');
    await editor.locator('button.submit').click();
    await confirmed();
    await shot('filter-saved');

    // --- A vacation answer ---------------------------------------------------------------------------------------------------------------
    await settings('plugin.managesieve-vacation', 'iframe, form');
    const vacation = (await page.locator('textarea[name="vacation_reason"]').count()) ? page : page.frameLocator('#filter-box');
    await vacation.locator('textarea[name="vacation_reason"]').fill(VACATION);
    await vacation.locator('select[name="vacation_status"]').selectOption('on');
    await shot('vacation');
    await vacation.locator('button.submit').click();
    await confirmed();

    // --- A new password ----------------------------------------------------------------------------------------------------------------------
    await settings('plugin.password', 'input[name="_curpasswd"], iframe');
    const changing = (await page.locator('input[name="_curpasswd"]').count()) ? page : page.frameLocator('#filter-box');
    await changing.locator('input[name="_curpasswd"]').fill(PASSWORD);
    await changing.locator('input[name="_newpasswd"]').fill(NEW_PASSWORD);
    await changing.locator('input[name="_confpasswd"]').fill(NEW_PASSWORD);
    await shot('password');
    await changing.locator('button.submit').click();
    await confirmed();
    await shot('password-changed');
    await page.click('a.logout:visible');
    await page.waitForSelector('#rcmloginuser');
    await login(NEW_PASSWORD);
    await page.waitForSelector('#messagelist');
    await shot('again');
} catch (error) {
    await shot('failed');
    console.error(faults.join('\n'));
    throw error;
} finally {
    await browser.close();
}
console.log(JSON.stringify({ text, faults }));
