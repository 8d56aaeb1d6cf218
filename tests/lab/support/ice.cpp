// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/support/ice.h"

#include <ostream>
#include <utility>

#include "gateway/base/text.h"

namespace gatehouse::lab {
namespace {

constexpr std::string_view kProgram = GATEHOUSE_SOURCE "/tests/lab/programs/ice_agent.py";
constexpr Duration kStart = 20s;  // on a busy machine
constexpr Duration kGathering = 10s;
constexpr Duration kPatience = 15s;

Process start_agent(Host& host, const TcpListener& rendezvous, std::string_view coturn) {
    return host.start({std::string(kProgram), rendezvous.local().to_string(), std::string(coturn),
                       std::string(Coturn::kUser), std::string(Coturn::kPassword)});
}

TcpConnection accept_agent(const TcpListener& rendezvous, const Process& program) {
    auto came = rendezvous.accept(kStart);
    if (!came) throw LabError(concat("the ICE agent does not come: ", program.output()));
    return *std::move(came);
}

std::string_view in_words(IcePolicy policy) {
    switch (policy) {
        case IcePolicy::direct: return "direct";
        case IcePolicy::relayed: return "relayed";
        case IcePolicy::any: break;
    }
    return "any";
}

// "relay" in the first or second place.
bool is_relayed(std::string_view pair) {
    const std::vector<std::string_view> words = split(pair, ' ');
    return words.size() > 1 && (words[0] == "relay" || words[1] == "relay");
}

}  // namespace

std::ostream& operator<<(std::ostream& out, Path path) {
    switch (path) {
        case Path::none: return out << "no";
        case Path::relayed: return out << "a relayed";
        case Path::direct: return out << "a direct";
    }
    return out;
}

IceAgent::IceAgent(Host& host, const TcpListener& rendezvous, std::string_view coturn)
    : program_(start_agent(host, rendezvous, coturn)), line_(accept_agent(rendezvous, program_)) {}

std::string IceAgent::description(IceRole role, IcePolicy policy) {
    catch_up();
    description_.clear();
    pair_.clear();
    hears_.clear();
    line_.send(concat("meet ", role == IceRole::controlling ? "controlling " : "controlled ",
                      in_words(policy), "\n"));
    const Verdict gathered = eventually(
        [this] {
            catch_up();
            return !description_.empty();
        },
        kGathering);
    if (!gathered) throw LabError(concat("no candidates: ", program_.output()));
    return description_;
}

void IceAgent::is_told(std::string_view description_of_the_other) {
    line_.send(concat("peer ", description_of_the_other, "\n"));
}

void IceAgent::catch_up() {
    while (const auto came = line_.receive(0ms)) {
        if (came->empty()) throw LabError(concat("the ICE agent is gone: ", program_.output()));
        rest_ += *came;
    }
    for (std::size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n')) {
        take(std::string_view(rest_).substr(0, end));
        rest_.erase(0, end + 1);
    }
}

void IceAgent::take(std::string_view line) {
    const std::size_t blank = std::min(line.find(' '), line.size());
    const std::string_view verb = line.substr(0, blank);
    const std::string rest(trim(line.substr(blank)));
    if (verb == "me") description_ = rest;
    if (verb == "pair") pair_ = rest;
    if (verb == "hears") hears_ = rest;
}

Path IceAgent::path() const {
    if (pair_.empty()) return Path::none;
    return is_relayed(pair_) ? Path::relayed : Path::direct;
}

Verdict agents_meet(IceAgent& first, IceAgent& second, IcePolicy policy, Path path) {
    const std::string of_first = first.description(IceRole::controlling, policy);
    const std::string of_second = second.description(IceRole::controlled, policy);
    first.is_told(of_second);
    second.is_told(of_first);
    return eventually(
        [&]() -> Verdict {
            first.catch_up();
            second.catch_up();
            const bool agreed = first.path() == path && second.path() == path &&
                                first.hears() == second.pair() && second.hears() == first.pair();
            return agreed ? Verdict(true)
                          : no_because(concat("the first has '", first.pair(), "' and hears '",
                                              first.hears(), "', the second has '", second.pair(),
                                              "' and hears '", second.hears(), "'"));
        },
        kPatience);
}

Verdict agents_meet_as_types_allow(IceAgent& first, std::string_view first_type, IceAgent& second,
                                   std::string_view second_type) {
    return types_allow(first_type, second_type)
               ? agents_meet(first, second, IcePolicy::direct, Path::direct)
               : agents_meet(first, second, IcePolicy::any, Path::relayed);
}

}  // namespace gatehouse::lab
