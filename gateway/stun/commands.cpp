// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/stun/commands.h"

#include <sys/signalfd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string>

#include "gateway/base/hash.h"
#include "gateway/base/random.h"
#include "gateway/base/text.h"
#include "gateway/stun/probe_shell.h"
#include "gateway/stun/server_shell.h"

namespace gatehouse::stun {
namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;

void say(std::FILE* where, std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), where);
    std::fflush(where);
}

int complain(std::string_view who, std::string_view what, int code) {
    say(stderr, concat(who, ": ", what, "\n"));
    return code;
}

bool asks_for_help(Arguments arguments) {
    return std::any_of(arguments.begin(), arguments.end(),
                       [](std::string_view one) { return one == "--help" || one == "-h"; });
}

// Readable once the process is asked to end.
Result<Descriptor> stop_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    Descriptor out(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (out.get() < 0) return fail(concat("cannot wait for signals: ", error_text(errno)));
    return out;
}

std::string ready_line(const ServerConfig& config) {
    if (!config.alternate_address) {
        return concat("stun: ready on ", config.endpoint({}).to_string(),
                      " (one address: no discovery of NAT behaviour)\n");
    }
    return concat("stun: ready on ", config.endpoint({}).to_string(), " and ",
                  config.endpoint({true, true}).to_string(), "\n");
}

Status serve(const ServerConfig& config) {
    SystemRandom random;
    const auto stop = stop_signals();
    if (!stop) return fail(stop.error());
    ServerShell shell(Server(config, HashKey::make(random)));
    const Status opened = shell.open();
    if (!opened) return opened;
    say(stderr, ready_line(config));
    return shell.serve_until(stop->get());
}

struct Finding {
    Report report;
    std::string trouble;
};

Result<Finding> probe(const ProbeOptions& options) {
    std::optional<bool> want_v4;
    if (options.local) want_v4 = options.local->is_v4();
    const auto address = resolve(options.host, want_v4);
    if (!address) return address.failure();
    ProbeConfig config;
    config.server = {*address, options.port};
    config.lifetime = options.lifetime;
    config.patience.first_wait = options.first_wait;
    const auto local =
        options.local ? Result<IpAddress>(*options.local) : address_towards(config.server);
    if (!local) return local.failure();

    SystemRandom random;
    ProbeShell shell(config, *local, random);
    const auto report = shell.run();
    if (!report) return report.failure();
    return Finding{*report, shell.trouble()};
}

}  // namespace

int stun_server_command(Arguments arguments) {
    if (asks_for_help(arguments)) {
        say(stdout, kServerUsage);
        return kDone;
    }
    const auto config = parse_server_arguments(arguments);
    if (!config) {
        complain("stun-server", config.error().text, kUsage);
        say(stderr, kServerUsage);
        return kUsage;
    }
    const Status status = serve(*config);
    return status ? kDone : complain("stun-server", status.error().text, kFailed);
}

int probe_command(Arguments arguments) {
    if (asks_for_help(arguments)) {
        say(stdout, kProbeUsage);
        return kDone;
    }
    const auto options = parse_probe_arguments(arguments);
    if (!options) {
        complain("probe", options.error().text, kUsage);
        say(stderr, kProbeUsage);
        return kUsage;
    }
    const auto found = probe(*options);
    if (!found) return complain("probe", found.error().text, kFailed);
    const Report& report = found->report;
    say(stdout, options->json ? to_json(report) + "\n" : to_words(report));
    if (report.reached_over_udp || report.reached_over_tcp) return kDone;
    const std::string reason = found->trouble.empty() ? "" : concat(" (", found->trouble, ")");
    return complain("probe", concat("no answer from ", report.server.to_string(), reason), kFailed);
}

}  // namespace gatehouse::stun
