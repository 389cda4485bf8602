// The man page and the shell completion, from the table of commands.
#include "base/text.hpp"
#include "cli/invocation.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

namespace vectis::cli {

namespace {

using surface::ArgumentKind;

std::string synopsis(const surface::CommandRow& row) {
    std::string text;
    for (const auto& argument : row.arguments) {
        std::string word(argument.name);
        if (argument.kind == ArgumentKind::option)
            word += fmt::format(" {}", argument.value);
        text += argument.required ? " " + word : " [" + word + "]";
    }
    return text;
}

/// roff: a hyphen typed by the reader is \-, a leading dot would be a request.
std::string roff(std::string_view text) {
    std::string out;
    for (const char each : text) {
        if (each == '-')
            out += "\\-";
        else if (each == '\\')
            out += "\\e";
        else
            out += each;
    }
    return out.starts_with('.') || out.starts_with('\'') ? "\\&" + out : out;
}

std::string man_page() {
    std::string out =
        ".TH VECTIS 8 \"\" \"vectis " VECTIS_VERSION "\" \"Vectis\"\n"
        ".SH NAME\nvectis \\- a complete mail server from one config.yaml\n"
        ".SH SYNOPSIS\n.B vectis\n.I command\n[options]\n"
        ".SH DESCRIPTION\n"
        "Vectis configures, supervises and repairs Postfix, Dovecot, Rspamd, Redis, unbound and fail2ban as plain "
        "systemd units. /etc/vectis/config.yaml is the truth: plan shows the exact difference between it "
        "and the server, apply makes it so, rollback returns to any earlier generation.\n"
        ".SH COMMANDS\n";
    for (const auto& row : surface::commands()) {
        if (row.hidden)
            continue;
        out += fmt::format(".TP\n.B {}{}\n{}.\n", roff(row.path), roff(synopsis(row)), roff(row.summary));
        for (const auto& argument : row.arguments)
            out += fmt::format(".RS\n.TP\n.B {}{}\n{}.\n.RE\n", roff(argument.name),
                               argument.value.empty() ? "" : " " + roff(argument.value), roff(argument.help));
    }
    out += ".SH FILES\n"
           ".TP\n.I /etc/vectis/config.yaml\nThe configuration.\n"
           ".TP\n.I /etc/vectis/secrets.yaml\nSecrets that it names; mode 0600.\n"
           ".TP\n.I /var/lib/vectis/current\nThe generation that the daemons read.\n"
           ".TP\n.I /var/lib/vectis/edited\nRendered files that were edited by hand and taken back.\n"
           ".SH EXIT STATUS\n0 success; 1 an error, which standard error explains; plan: 2 when changes are pending.\n"
           ".SH SEE ALSO\n.BR postconf (1),\n.BR doveconf (1),\n.BR rspamadm (1),\n.BR systemctl (1)\n";
    return out;
}

std::string bash_completion() {
    std::set<std::string> first;
    std::map<std::string, std::string> words;
    for (const auto& row : surface::commands()) {
        if (row.hidden)
            continue;
        const auto parts = split(row.path, ' ');
        first.insert(parts[0]);
        if (parts.size() == 2)
            words[parts[0]] += parts[1] + " ";
        for (const auto& argument : row.arguments) {
            if (argument.kind != ArgumentKind::positional)
                words[std::string(row.path)] += std::string(argument.name) + " ";
        }
    }
    std::string cases;
    for (const auto& [path, list] : words)
        cases += fmt::format("        \"{}\") words=\"{}\" ;;\n", path, trim(list));
    return "# bash completion for vectis; made from its table of commands\n"
           "_vectis() {\n"
           "    local current=\"${COMP_WORDS[COMP_CWORD]}\" path=\"${COMP_WORDS[1]}\" words=\"\"\n"
           "    if [ \"$COMP_CWORD\" -gt 2 ]; then case \"${COMP_WORDS[2]}\" in -*) ;; *) [ \"$path\" = config ] && "
           "path=\"$path ${COMP_WORDS[2]}\" ;; esac; fi\n"
           "    if [ \"$COMP_CWORD\" -eq 1 ]; then words=\"" +
           join({first.begin(), first.end()}, " ") + "\"; else case \"$path\" in\n" + cases +
           "    esac; fi\n"
           "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
           "}\n"
           "complete -o default -F _vectis vectis\n";
}

} // namespace

int run_reference(const Invocation& invocation) {
    if (invocation.command == surface::Command::man_page) {
        print(man_page());
        return 0;
    }
    if (const std::string shell = invocation.value("SHELL").value_or(""); shell != "bash")
        throw Error(Code::not_supported, fmt::format("cannot make a completion for '{}'", printable(shell)),
                    "there is one for bash");
    print(bash_completion());
    return 0;
}

} // namespace vectis::cli
