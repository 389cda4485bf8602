<?php
// Outlook's question how to set a mailbox up (MS-OXDSCLI, the schema for POP, IMAP and SMTP): its address comes in, the servers
// go out. Read by php-fpm at each request; nginx calls it. The answer does not depend on whether the mailbox is there.
declare(strict_types=1);

const REQUEST = 'http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a';

function send(string $inner): never
{
    header('Content-Type: application/xml; charset=utf-8');
    header('Cache-Control: no-store');
    echo '<?xml version="1.0" encoding="utf-8"?>', "\n",
        '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">', $inner,
        "</Autodiscover>\n";
    exit;
}

function refuse(int $code, string $message): never
{
    send('<Response><Error Time="' . gmdate('H:i:s') . '" Id="0"><ErrorCode>' . $code . '</ErrorCode><Message>' . $message
        . '</Message><DebugData/></Error></Response>');
}

/** The address in the request; null if there is none that can be one. */
function address(string $body): ?string
{
    $document = new DOMDocument();
    if ($body === '' || stripos($body, '<!DOCTYPE') !== false
        || !@$document->loadXML($body, LIBXML_NONET | LIBXML_NOERROR | LIBXML_NOWARNING)) {
        return null;
    }
    $found = (new DOMXPath($document))->query('//*[local-name()="EMailAddress"]');
    $address = trim($found->item(0)?->textContent ?? '');
    return strlen($address) <= 254 && filter_var($address, FILTER_VALIDATE_EMAIL) ? $address : null;
}

function protocol(string $type, int $port, string $encryption, string $login): string
{
    return "<Protocol><Type>$type</Type><Server>mail.example.test</Server><Port>$port</Port><DomainRequired>off</DomainRequired>"
        . "<LoginName>$login</LoginName><SPA>off</SPA><SSL>on</SSL><Encryption>$encryption</Encryption>"
        . '<AuthRequired>on</AuthRequired></Protocol>';
}

$address = address((string) file_get_contents('php://input', false, null, 0, 65536));
if ($address === null) {
    refuse(600, 'Invalid Request');
}
$login = htmlspecialchars($address, ENT_XML1 | ENT_QUOTES, 'UTF-8');
send('<Response xmlns="' . REQUEST . "\"><User><DisplayName>$login</DisplayName></User>"
    . '<Account><AccountType>email</AccountType><Action>settings</Action>'
    . protocol('IMAP', 993, 'SSL', $login)

    . protocol('SMTP', 465, 'SSL', $login)

    . '</Account></Response>');
