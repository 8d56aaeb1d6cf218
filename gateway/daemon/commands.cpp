// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/commands.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/text.h"
#include "gateway/config/loader.h"
#include "gateway/daemon/background.h"
#include "gateway/daemon/client_commands.h"
#include "gateway/daemon/daemon.h"
#include "gateway/daemon/files.h"
#include "gateway/daemon/terminal.h"
#include "gateway/stun/commands.h"

namespace gatehouse::daemon {

namespace {

constexpr const char* kOpenWrtFile = "/etc/config/gatehouse";
constexpr const char* kPlainFile = "/etc/gatehouse.conf";

struct Options {
    std::optional<std::string> file;
    std::string socket = kDefaultSocket;
    bool foreground = false;
    bool json = false;
    bool watch = false;
    std::vector<std::string_view> words;  // that are no options
};

struct Command {
    std::string_view name;
    std::string_view usage;
    std::string_view sentence;
    int (*run)(const Options&);
    std::size_t words = 0;  // it needs so many
};

int run_daemon(const Options& options);
int check(const Options& options);
int reload(const Options& options);
int status(const Options& options);
int mappings(const Options& options);
int sessions(const Options& options);
int forwards(const Options& options);
int pinholes(const Options& options);
int hosts(const Options& options);
int leases(const Options& options);
int calls(const Options& options);
int messages(const Options& options);
int events(const Options& options);
int why(const Options& options);

constexpr std::array kCommands{
    Command{"run", "run [-c FILE] [--foreground]", "the daemon", run_daemon},
    Command{"check", "check [-c FILE]", "says what is wrong with a configuration", check},
    Command{"reload", "reload [-c FILE] [--socket PATH]",
            "makes the running daemon read its configuration again", reload},
    Command{"status", "status [--json] [--socket PATH]", "what the gateway is doing", status},
    Command{"mappings", "mappings [--json] [--socket PATH]",
            "who inside is reached at which outside endpoint", mappings},
    Command{"sessions", "sessions [--json] [--socket PATH]", "what passes just now", sessions},
    Command{"forwards", "forwards [--json] [--socket PATH]", "what is let in, and who asked for it",
            forwards},
    Command{"pinholes", "pinholes [--json] [--socket PATH]",
            "what is let in over IPv6, and who asked for it", pinholes},
    Command{"hosts", "hosts [--json] [--socket PATH]", "the devices inside", hosts},
    Command{"leases", "leases [--json] [--socket PATH]", "the addresses that devices were given",
            leases},
    Command{"calls", "calls [--json] [--socket PATH]", "calls of SIP phones and their media",
            calls},
    Command{"messages", "messages [--json] [--socket PATH]",
            "the last SIP messages; with --json before and after", messages},
    Command{"events", "events [--json] [--socket PATH]", "what happens, as it happens", events},
    Command{"why", "why PROTO INSIDE REMOTE [--json]",
            "why a flow of a device passes or does not, out and in", why, 3},
};

// Commands with options of their own.
struct Tool {
    std::string_view name;
    std::string_view usage;
    std::string_view sentence;
    int (*run)(Arguments arguments);
};

constexpr std::array kTools{
    Tool{"forward", "forward add|del ...", "lets the internet in at a port; try forward --help",
         forward_command},
#ifndef GATEHOUSE_WITHOUT_STUN
    Tool{"probe", "probe SERVER[:PORT] [--json] [--lifetime]",
         "tells, from any machine, which kind of NAT is in front of it", stun::probe_command},
    Tool{"stun-server", "stun-server --address A1 --address A2",
         "the server that probe and other STUN clients ask", stun::stun_server_command},
#endif
};

std::string usage() {
    std::string out = "Usage: gatehouse COMMAND\n\n";
    const auto row = [&out](std::string_view left, std::string_view right) {
        append(out, "  ", left);
        out.append(left.size() < 46 ? 46 - left.size() : 1, ' ');
        append(out, right, "\n");
    };
    for (const Command& command : kCommands)
        row(command.usage, command.sentence);
    for (const Tool& tool : kTools)
        row(tool.usage, tool.sentence);
    row("--version", "prints the version");
    row("--help", "prints this");
    append(out, "\nWhat shows something shows it again each second with --watch.\n");
    append(out, "FILE is ", kOpenWrtFile, " or ", kPlainFile, " unless it is named.\n");
    return out;
}

std::string default_file() {
    return ::access(kOpenWrtFile, F_OK) == 0 ? kOpenWrtFile : kPlainFile;
}

std::string file_of(const Options& options) {
    return options.file.value_or(default_file());
}

void print_problems(const std::vector<config::Problem>& problems, std::string_view kind) {
    for (const config::Problem& problem : problems) {
        print(stderr, concat(kind, problem.to_string(), "\n"));
    }
}

// The configuration of the file, or the exit code after its problems were printed.
struct Loaded {
    std::optional<config::Config> config;
    int code = kDone;
};

Loaded load(const std::string& file) {
    const auto text = read_file(file);
    if (!text) return {std::nullopt, complain(text.error().text, kWrong)};
    config::ConfigResult result = config::load_config(*text, file);
    print_problems(result.errors, "");
    print_problems(result.warnings, "warning: ");
    return {std::move(result.config), result.errors.empty() ? kDone : kWrong};
}

int run_daemon(const Options& options) {
    const std::string file = file_of(options);
    Loaded loaded = load(file);
    if (!loaded.config) return loaded.code;
    if (!loaded.config->gateway.enabled) {
        print(stderr, concat("gatehouse: not enabled in ", file, "\n"));
        return kDone;
    }
    LogWriter log;
    std::optional<Background> background;
    if (!options.foreground) {
        auto left = Background::leave();
        if (!left) return complain(left.error().text, kFailed);
        if (left->is_parent()) return left->wait_for_child();
        background.emplace(std::move(*left));
    }
    Daemon daemon(file, std::move(*loaded.config), log);
    const Status started = daemon.start();
    if (!started) return complain(started.error().text, kFailed);
    if (background) {
        background->started();
        log.leave_terminal();
    }
    const Status ended = daemon.run();
    return ended ? kDone : complain(ended.error().text, kFailed);
}

int check(const Options& options) {
    const std::string file = file_of(options);
    const Loaded loaded = load(file);
    if (loaded.config) print(stdout, concat(file, ": good\n"));
    return loaded.code;
}

Client client_of(const Options& options) {
    return {options.socket, options.json, options.watch};
}

int reload(const Options& options) {
    return reload_command(client_of(options), options.file);
}

int status(const Options& options) {
    return status_command(client_of(options));
}

int mappings(const Options& options) {
    return list_command(client_of(options), "mappings");
}

int sessions(const Options& options) {
    return list_command(client_of(options), "sessions");
}

int forwards(const Options& options) {
    return list_command(client_of(options), "forwards");
}

int pinholes(const Options& options) {
    return list_command(client_of(options), "pinholes");
}

int hosts(const Options& options) {
    return list_command(client_of(options), "hosts");
}

int leases(const Options& options) {
    return list_command(client_of(options), "leases");
}

int calls(const Options& options) {
    return list_command(client_of(options), "calls");
}

int messages(const Options& options) {
    return list_command(client_of(options), "messages");
}

int events(const Options& options) {
    return events_command(client_of(options));
}

int why(const Options& options) {
    return why_command(client_of(options), options.words);
}

// Reads what stands behind a command; the error is a sentence.
Result<Options> parse_options(const Command& command, Arguments arguments) {
    Options out;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view word = arguments[i];
        const bool takes_value = word == "-c" || word == "--socket";
        if (takes_value && i + 1 == arguments.size()) return fail(concat(word, " needs a value"));
        if (word == "-c") {
            out.file = std::string(arguments[++i]);
        } else if (word == "--socket") {
            out.socket = std::string(arguments[++i]);
        } else if (word == "--foreground") {
            out.foreground = true;
        } else if (word == "--json") {
            out.json = true;
        } else if (word == "--watch") {
            out.watch = true;
        } else if (!word.starts_with('-') && out.words.size() < command.words) {
            out.words.push_back(word);
        } else {
            return fail(concat("'", printable(word), "' is not understood; try gatehouse --help"));
        }
    }
    if (out.words.size() < command.words) return fail(concat("say gatehouse ", command.usage));
    return out;
}

}  // namespace

int run_command_line(int count, char** arguments) {
    const std::vector<std::string_view> words(arguments + 1, arguments + count);
    if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
        print(words.empty() ? stderr : stdout, usage());
        return words.empty() ? kWrong : kDone;
    }
    if (words[0] == "--version" || words[0] == "version") {
        print(stdout, concat("gatehouse ", GATEHOUSE_VERSION, "\n"));
        return kDone;
    }
    const Arguments rest(words.begin() + 1, words.end());
    for (const Tool& tool : kTools) {
        if (tool.name == words[0]) return tool.run(rest);
    }
    for (const Command& command : kCommands) {
        if (command.name != words[0]) continue;
        const auto options = parse_options(command, rest);
        return options ? command.run(*options) : complain(options.error().text, kWrong);
    }
    return complain(concat("there is no command '", printable(words[0]), "'; try gatehouse --help"),
                    kWrong);
}

}  // namespace gatehouse::daemon
