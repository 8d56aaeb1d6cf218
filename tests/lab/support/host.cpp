// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/support/host.h"

#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

#include "gateway/base/text.h"
#include "tests/lab/support/environment.h"
#include "tests/lab/support/holder.h"
#include "tests/lab/support/socket_address.h"
#include "tests/lab/support/spawn.h"

namespace gatehouse::lab {
namespace {

std::string file_of(std::string_view sysctl_name) {
    std::string path(sysctl_name);
    // An interface may have a dot in its name; the caller then writes slashes.
    if (path.find('/') == std::string::npos) std::replace(path.begin(), path.end(), '.', '/');
    return "/proc/sys/" + path;
}

// A host is quiet: no duplicate address detection (an address is usable at once), no router
// solicitations, no addresses by itself beyond the link-local one.
constexpr std::string_view kQuiet[] = {
    "net.ipv6.conf.%.accept_dad=0",
    "net.ipv6.conf.%.dad_transmits=0",
    "net.ipv6.conf.%.accept_ra=0",
    "net.ipv6.conf.%.autoconf=0",
    "net.ipv6.conf.%.router_solicitations=0",
    "net.ipv6.conf.%.keep_addr_on_down=1",
};

void write_if_there(const std::string& path, std::string_view value) {
    std::ofstream file(path);
    if (file) file << value << std::flush;
}

// Runs inside the host. A kernel without IPv6 or without bridge netfilter lacks these files.
void make_quiet() {
    for (const std::string_view setting : kQuiet) {
        const std::size_t equals = setting.find('=');
        for (const std::string_view scope : {"all", "default"}) {
            std::string name(setting.substr(0, equals));
            name.replace(name.find('%'), 1, scope);
            write_if_there(file_of(name), setting.substr(equals + 1));
        }
    }
    // Bridged frames are not the router's business, as on every home router.
    for (const std::string_view kind : {"iptables", "ip6tables", "arptables"}) {
        write_if_there(concat("/proc/sys/net/bridge/bridge-nf-call-", kind), "0");
    }
}

short flags_of(const std::string& interface) {
    const Fd socket = Fd::checked(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
    ifreq request{};
    interface.copy(request.ifr_name, IFNAMSIZ - 1);
    return ::ioctl(socket.number(), SIOCGIFFLAGS, &request) == 0 ? request.ifr_flags : short{0};
}

}  // namespace

At::At(std::string_view text) {
    if (const auto whole = parse_endpoint(text)) {
        endpoint = *whole;
        return;
    }
    // Port 0 ("any port") and an address alone are no endpoints of the wire but useful here.
    const bool one_colon = std::count(text.begin(), text.end(), ':') == 1;
    if (text.ends_with(":0") && (one_colon || text.starts_with('['))) text.remove_suffix(2);
    if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
    endpoint = {address(text), Port{0}};
}

IpAddress address(std::string_view text) {
    const auto parsed = parse_ip(text);
    if (!parsed) throw LabError(concat("not an address: '", text, "'"));
    return *parsed;
}

struct Host::Holder : HostHolder {
    using HostHolder::HostHolder;
};

Host::Host(std::string name) : name_(std::move(name)), holder_(std::make_unique<Holder>(name_)) {
    inside(make_quiet);
    ip("link set lo up");
}

Host::~Host() {
    for (const auto& program : programs_) {
        if (const auto state = program.lock()) (void)Process(state).kill();
    }
}

Place Host::place() const {
    return {holder_->net(), holder_->mount(), holder_->uts(), holder_->pid(), "/"};
}

Ran Host::run(const Command& command, Duration limit, std::string_view input) const {
    Place here = place();
    here.directory = work_directory();
    return run_program(here, command, limit, input, {});
}

Process Host::start(const Command& command, const Environment& environment) {
    Place here = place();
    here.directory = work_directory();
    const std::string program = std::filesystem::path(command.at(0)).filename();
    Process process =
        Process::start(here, command, new_log(concat(name_, '-', program)), environment);
    std::erase_if(programs_, [](const auto& old) { return old.expired(); });
    programs_.push_back(process.state_);
    return process;
}

void Host::enter_and_call(const std::function<void()>& work) const {
    std::exception_ptr error;
    std::thread visitor([&] {
        try {
            // The mount namespace needs a working directory that no other thread shares.
            if (::unshare(CLONE_FS) != 0 || ::setns(holder_->net(), CLONE_NEWNET) != 0 ||
                ::setns(holder_->uts(), CLONE_NEWUTS) != 0 ||
                ::setns(holder_->mount(), CLONE_NEWNS) != 0) {
                throw_errno(concat("enter host ", name_));
            }
            work();
        } catch (...) {
            error = std::current_exception();
        }
    });
    visitor.join();
    if (error) std::rethrow_exception(error);
}

void Host::ip(std::string_view lines) const {
    const Ran ran = run_program(place(), {"ip", "-batch", "-"}, 10s, lines, {});
    if (!ran.ok()) throw LabError(concat(name_, ": ", ran.to_string(), "\ngiven: ", lines));
}

void Host::sysctl(std::string_view name, std::string_view value) const {
    inside([&] {
        const std::string path = file_of(name);
        const Fd file = Fd::checked(::open(path.c_str(), O_WRONLY | O_CLOEXEC), path);
        if (::write(file.number(), value.data(), value.size()) < 0) throw_errno(path);
    });
}

std::string Host::sysctl(std::string_view name) const {
    return inside([&] {
        const std::string path = file_of(name);
        const Fd file = Fd::checked(::open(path.c_str(), O_RDONLY | O_CLOEXEC), path);
        return std::string(trim(read_whole(file.number())));
    });
}

void Host::nft(std::string_view ruleset) const {
    const Ran ran = run_program(place(), {"nft", "-f", "-"}, 10s, ruleset, {});
    if (!ran.ok()) throw LabError(concat(name_, ": ", ran.to_string(), "\ngiven: ", ruleset));
}

std::string Host::nft_ruleset() const {
    const Ran ran = run_program(place(), {"nft", "list", "ruleset"}, 10s, {}, {});
    if (!ran.ok()) throw LabError(concat(name_, ": ", ran.to_string()));
    return ran.out;
}

std::string Host::conntrack() const {
    const Ran ran = run_program(place(), {"conntrack", "-L"}, 10s, {}, {});
    if (!ran.ok()) throw LabError(concat(name_, ": ", ran.to_string()));
    return ran.out;
}

void Host::resolve_with(const std::vector<std::string>& servers) const {
    inside([&] {
        std::ofstream file("/etc/resolv.conf", std::ios::trunc);
        for (const std::string& server : servers)
            file << "nameserver " << server << '\n';
        if (!file.flush()) throw LabError(concat(name_, ": cannot write /etc/resolv.conf"));
    });
}

std::optional<Mac> Host::mac(const std::string& interface) const {
    return inside([&]() -> std::optional<Mac> {
        std::ifstream file(concat("/sys/class/net/", interface, "/address"));
        std::string text;
        if (!std::getline(file, text)) return std::nullopt;
        return parse_mac(text);
    });
}

bool Host::has_interface(const std::string& interface) const {
    return inside([&] { return ::if_nametoindex(interface.c_str()) != 0; });
}

bool Host::has_carrier(const std::string& interface) const {
    return inside([&] { return (flags_of(interface) & IFF_RUNNING) != 0; });
}

std::vector<IpAddress> Host::addresses(const std::string& interface) const {
    return inside([&] {
        std::vector<IpAddress> out;
        ifaddrs* list = nullptr;
        if (::getifaddrs(&list) != 0) throw_errno("list addresses");
        for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
            if (one->ifa_addr == nullptr || interface != one->ifa_name) continue;
            if (const auto endpoint = from_kernel(one->ifa_addr)) out.push_back(endpoint->address);
        }
        ::freeifaddrs(list);
        return out;
    });
}

void Host::wait_for_carrier(const std::string& interface, Duration limit) const {
    inside([&] {
        const Deadline deadline(limit);
        while ((flags_of(interface) & IFF_RUNNING) == 0) {
            if (deadline.over()) throw LabError(concat(name_, ": no carrier on ", interface));
            ::usleep(500);
        }
    });
}

Verdict Host::can_ping(std::string_view to, Duration limit) const {
    const auto seconds = std::max<std::int64_t>(1, whole_seconds(limit));
    return run({"ping", "-n", "-c", "1", "-W", std::to_string(seconds), std::string(to)},
               limit + 2s)
        .ok();
}

}  // namespace gatehouse::lab
