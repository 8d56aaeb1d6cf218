// SPDX-License-Identifier: GPL-2.0-or-later
//
// A machine of the lab: its own network, processes, host name, /proc, /sys, /run and resolv.conf;
// the rest of the file system is shared. It has no name anywhere in the system. A small holder
// process is the first process of the machine: when it goes (the Host is destroyed, or the test
// dies in whatever way), the kernel ends everything inside and takes the network away.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "gateway/base/ip.h"
#include "tests/lab/support/program.h"
#include "tests/lab/support/wait.h"

namespace gatehouse::lab {

class Capture;
class IcmpSocket;
class PacketSocket;
class TcpConnection;
class TcpListener;
class UdpSocket;

// An endpoint or an address as tests write it: "11.0.0.2:80", "[2001:db8::2]:80". A wrong text is
// a mistake in the test and throws.
struct At {
    At(const char* text) : At(std::string_view(text)) {}
    At(const std::string& text) : At(std::string_view(text)) {}
    At(std::string_view text);
    At(const Endpoint& given) : endpoint(given) {}

    Endpoint endpoint;
};

IpAddress address(std::string_view text);

class Host {
  public:
    explicit Host(std::string name);
    ~Host();
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    const std::string& name() const { return name_; }

    // Programs. run() waits for the end and gives both outputs; start() gives a handle.
    Ran run(const Command& command, Duration limit = 10s, std::string_view input = {}) const;
    Process start(const Command& command, const Environment& environment = {});

    // Runs the work in a thread that is inside this host, and gives what it returns. Sockets made
    // there belong to the host for ever. No Boost.Test macros inside: they do not bear threads.
    template <class Work>
    auto inside(Work&& work) const {
        using Answer = std::invoke_result_t<Work>;
        if constexpr (std::is_void_v<Answer>) {
            enter_and_call(work);
        } else {
            std::optional<Answer> answer;
            enter_and_call([&] { answer.emplace(work()); });
            return std::move(*answer);
        }
    }

    // Configuration. Each throws when the kernel refuses; lines of ip() are those of `ip -batch`.
    void ip(std::string_view lines) const;
    void sysctl(std::string_view name, std::string_view value) const;  // "net.ipv4.ip_forward"
    std::string sysctl(std::string_view name) const;
    void nft(std::string_view ruleset) const;
    std::string nft_ruleset() const;
    std::string conntrack() const;  // `conntrack -L`, one session per line
    void resolve_with(const std::vector<std::string>& servers) const;  // writes resolv.conf

    // What there is now.
    std::optional<Mac> mac(const std::string& interface) const;
    bool has_interface(const std::string& interface) const;
    bool has_carrier(const std::string& interface) const;
    std::vector<IpAddress> addresses(const std::string& interface) const;
    void wait_for_carrier(const std::string& interface, Duration limit = 5s) const;

    // One echo request of `ping` with an answer in time.
    Verdict can_ping(std::string_view address, Duration limit = 2s) const;

    // Sockets (sockets.h, raw_sockets.h, capture.h).
    UdpSocket udp(At local = "0.0.0.0:0") const;
    // Listeners and connections of a host may share a port, as peers that punch holes want it.
    TcpListener listen(At local) const;
    // Always gives a connection; it tells whether it is alive and, if not, why.
    TcpConnection connect(At remote, Duration limit = 5s, std::optional<At> local = {}) const;
    // Does not wait: the connection is alive once it is made.
    TcpConnection begin_connect(At remote, std::optional<At> local = {}) const;
    IcmpSocket icmp() const;
    PacketSocket packets(const std::string& interface) const;
    Capture capture(const std::string& interface) const;

    // Numbers of the namespaces, for those who enter by themselves.
    Place place() const;

  private:
    struct Holder;

    void enter_and_call(const std::function<void()>& work) const;

    std::string name_;
    std::unique_ptr<Holder> holder_;
    std::vector<std::weak_ptr<Process::State>> programs_;
};

}  // namespace gatehouse::lab
