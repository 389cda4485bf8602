<?php
// A configuration profile for Apple's devices: /apple.mobileconfig?email=ADDRESS. Read by php-fpm at each request; nginx calls it.
// The password is asked for by the device; the profile is the same whether the mailbox is there or not.
declare(strict_types=1);

$address = trim((string) ($_GET['email'] ?? ''));
if (strlen($address) > 254 || !filter_var($address, FILTER_VALIDATE_EMAIL)) {
    http_response_code(400);
    header('Content-Type: text/plain; charset=utf-8');
    exit("cannot make a profile: expected ?email= with a mail address\n");
}

/** The same address gets the same identifier, so that a profile installed again replaces the one before. */
function identifier(string $name): string
{
    $hex = sha1($name);
    return strtoupper(sprintf('%s-%s-5%s-%s%s-%s', substr($hex, 0, 8), substr($hex, 8, 4), substr($hex, 13, 3),
        dechex(8 | hexdec($hex[16]) & 3), substr($hex, 17, 3), substr($hex, 20, 12)));
}

$mail = htmlspecialchars($address, ENT_XML1 | ENT_QUOTES, 'UTF-8');
$inner = identifier("account $address");
$outer = identifier("profile $address");
header('Content-Type: application/x-apple-aspen-config; charset=utf-8');
header('Content-Disposition: attachment; filename="mail.mobileconfig"');
header('Cache-Control: no-store');
echo <<<PROFILE
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>PayloadContent</key>
  <array>
    <dict>
      <key>EmailAccountDescription</key><string>$mail</string>
      <key>EmailAccountType</key><string>EmailTypeIMAP</string>
      <key>EmailAddress</key><string>$mail</string>
      <key>IncomingMailServerAuthentication</key><string>EmailAuthPassword</string>
      <key>IncomingMailServerHostName</key><string>mail.example.test</string>
      <key>IncomingMailServerPortNumber</key><integer>993</integer>
      <key>IncomingMailServerUseSSL</key><true/>
      <key>IncomingMailServerUsername</key><string>$mail</string>
      <key>OutgoingMailServerAuthentication</key><string>EmailAuthPassword</string>
      <key>OutgoingMailServerHostName</key><string>mail.example.test</string>
      <key>OutgoingMailServerPortNumber</key><integer>465</integer>
      <key>OutgoingMailServerUseSSL</key><true/>
      <key>OutgoingMailServerUsername</key><string>$mail</string>
      <key>OutgoingPasswordSameAsIncomingPassword</key><true/>
      <key>PayloadDescription</key><string>Mail account $mail</string>
      <key>PayloadDisplayName</key><string>$mail</string>
      <key>PayloadIdentifier</key><string>mail.example.test.mail.$inner</string>
      <key>PayloadType</key><string>com.apple.mail.managed</string>
      <key>PayloadUUID</key><string>$inner</string>
      <key>PayloadVersion</key><integer>1</integer>
    </dict>
  </array>
  <key>PayloadDescription</key><string>Mail account $mail at mail.example.test</string>
  <key>PayloadDisplayName</key><string>Mail: $mail</string>
  <key>PayloadIdentifier</key><string>mail.example.test.$outer</string>
  <key>PayloadRemovalDisallowed</key><false/>
  <key>PayloadType</key><string>Configuration</string>
  <key>PayloadUUID</key><string>$outer</string>
  <key>PayloadVersion</key><integer>1</integer>
</dict>
</plist>

PROFILE;
