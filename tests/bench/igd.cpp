// SPDX-License-Identifier: GPL-2.0-or-later
//
// The gateway device beside miniupnpd: how many AddPortMapping per second with few forwards there
// and with many, how long one takes, and what a forward costs. Each is a connection of its own,
// as clients make them.
//
//     phone eth0 ---------------- br-lan 192.168.1.1 [router] the server
//     processor B                                    processor A
#include <algorithm>
#include <fstream>
#include <iostream>
#include <optional>

#include "gateway/base/text.h"
#include "tests/bench/measures.h"
#include "tests/lab/support/nat.h"
#include "tests/lab/support/sockets.h"
#include "tests/lab/support/upnp.h"

namespace gatehouse::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kService = "urn:schemas-upnp-org:service:WANIPConnection:1";
constexpr std::string_view kServer = "192.168.1.1:5000";
constexpr std::uint32_t kFirstPort = 40'000;
constexpr std::uint32_t kSample = 200;  // requests for one rate

constexpr std::string_view kTable = R"(table inet filter {
    chain miniupnpd { }
    chain prerouting_miniupnpd { }
    chain postrouting_miniupnpd { }
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        iifname "br-lan" accept
        jump miniupnpd
    }
    chain prerouting {
        type nat hook prerouting priority dstnat;
        jump prerouting_miniupnpd
    }
    chain postrouting {
        type nat hook postrouting priority srcnat;
        jump postrouting_miniupnpd
    }
}
)";

constexpr std::string_view kConfig = R"(ext_ifname=wan0
listening_ip=br-lan
port=5000
enable_natpmp=yes
enable_upnp=yes
secure_mode=yes
force_igd_desc_v1=yes
upnp_table_name=filter
upnp_nat_table_name=filter
upnp_forward_chain=miniupnpd
upnp_nat_chain=prerouting_miniupnpd
upnp_nat_postrouting_chain=postrouting_miniupnpd
uuid=00db1b5c-8d5b-4a6c-9a37-0f3ac4b4d8e1
allow 1024-65535 0.0.0.0/0 1024-65535
)";

// A server on the router of a house of its own.
class Server {
  public:
    Server(Way way, Cores cores) {
        if (way == Way::gatehouse) {
            router_.emplace(
                house, lab::section("upnp 'upnp'", {{"host_quota", "20000"}, {"quota", "20000"}}));
        } else {
            start_miniupnpd();
        }
        pin(pid(), cores.router);
        prefer_session(pid());
    }

    pid_t pid() const { return router_ ? router_->pid() : other_; }

    lab::House house;

  private:
    void start_miniupnpd() {
        lab::make_plain_router(house);
        house.router.nft(kTable);
        const auto folder = lab::work_directory();
        const std::string config = (folder / "miniupnpd.conf").string();
        const std::string number = (folder / "miniupnpd.pid").string();
        std::ofstream(config) << kConfig;
        // With -d it would stay our child, but writes so much that it is ten times slower. It ends
        // with the router; until it has a session of its own, its parent must not end.
        starter_ = house.router.start(
            {"sh", "-c", concat("miniupnpd -f ", config, " -P ", number, "; exec sleep 3600")});
        const auto known = lab::eventually(
            [&] {
                const auto inner = parse_number<pid_t>(trim(read_file(number)));
                other_ = inner ? process_in("miniupnpd", *inner) : 0;
                return other_ > 0;
            },
            10s);
        if (!known) throw lab::LabError("miniupnpd does not start");
    }

    std::optional<lab::Router> router_;
    lab::Process starter_;
    pid_t other_ = 0;
};

// A client that knows where to go, and does not look closely at answers.
class Client {
  public:
    explicit Client(const lab::Host& host) : host_(host) {
        const std::string location = lab::description_of(host);
        const std::size_t path = location.find('/', sizeof "http://");
        if (path == std::string::npos) throw lab::LabError("no gateway: " + location);
        const std::string text =
            ask(concat("GET ", std::string_view(location).substr(path),
                       " HTTP/1.1\r\nHost: ", kServer, "\r\nConnection: close\r\n\r\n"));
        const std::string_view tag = "<controlURL>";
        const std::size_t service = text.find(kService);
        const std::size_t begin = text.find(tag, service);
        const std::size_t end = text.find('<', begin + 1);
        if (service == std::string::npos || end == std::string::npos)
            throw lab::LabError("no WANIPConnection: " + text);
        control_ = text.substr(begin + tag.size(), end - begin - tag.size());
    }

    // Whether the gateway said yes.
    bool add(std::uint32_t port) const {
        const std::string body = concat(
            "<?xml version=\"1.0\"?><s:Envelope "
            "xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" "
            "s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body>"
            "<u:AddPortMapping xmlns:u=\"",
            kService, "\"><NewRemoteHost></NewRemoteHost><NewExternalPort>", port,
            "</NewExternalPort><NewProtocol>UDP</NewProtocol><NewInternalPort>", port,
            "</NewInternalPort><NewInternalClient>192.168.1.20</NewInternalClient>"
            "<NewEnabled>1</NewEnabled><NewPortMappingDescription>bench"
            "</NewPortMappingDescription><NewLeaseDuration>3600</NewLeaseDuration>"
            "</u:AddPortMapping></s:Body></s:Envelope>");
        const std::string answer = ask(concat(
            "POST ", control_, " HTTP/1.1\r\nHost: ", kServer,
            "\r\nContent-Type: text/xml; charset=\"utf-8\"\r\nConnection: close\r\n"
            "SOAPAction: \"",
            kService, "#AddPortMapping\"\r\nContent-Length: ", body.size(), "\r\n\r\n", body));
        return answer.find(" 200 ") < answer.find('\r');
    }

  private:
    std::string ask(std::string_view request) const {
        lab::TcpConnection connection = host_.connect(kServer);
        std::string out;
        if (!connection.send(request)) return out;
        while (const auto more = connection.receive(5s)) {
            if (more->empty()) break;
            out += *more;
        }
        return out;
    }

    const lab::Host& host_;
    std::string control_;
};

struct Adding {
    const Client& client;
    std::uint32_t forwards = 0;  // so far

    // Adds so many; how long each took.
    std::vector<Duration> more(std::uint32_t count) {
        std::vector<Duration> out;
        for (std::uint32_t i = 0; i < count; ++i) {
            const auto begin = Clock::now();
            if (!client.add(kFirstPort + forwards))
                throw lab::LabError(concat("refused at ", forwards, " forwards"));
            ++forwards;
            out.push_back(Clock::now() - begin);
        }
        return out;
    }
};

// One request after the other: what the client does in between counts, too.
void add_rows(std::string_view row, Way way, std::vector<Duration> times, Results& results) {
    Duration sum{};
    for (const Duration time : times)
        sum += time;
    std::sort(times.begin(), times.end());
    results.add(std::string(row), way,
                times.size() * 1'000'000 / std::max<std::uint64_t>(1, microseconds(sum)));
    results.add(concat(row, "-p99"), way, microseconds(times[times.size() * 99 / 100]));
}

}  // namespace

void measure_igd(Way way, const Settings& settings, Results& results) {
    const Server server(way, settings.cores);
    const Client client(server.house.phone);
    Adding adding{client};
    const auto add = [&](std::uint32_t count) {
        return server.house.phone.inside([&] {
            pin(0, settings.cores.around);
            return adding.more(count);
        });
    };
    add(10);
    add_rows("igd-add-at-0", way, add(kSample), results);
    const std::uint64_t before = resident_bytes(server.pid());
    const std::uint32_t few = adding.forwards;
    add(1000 - few);
    add_rows("igd-add-at-1000", way, add(kSample), results);
    if (way == Way::gatehouse) {
        add(10'000 - adding.forwards);
        add_rows("igd-add-at-10000", way, add(kSample), results);
    }
    const std::uint64_t after = resident_bytes(server.pid());
    results.add("igd-memory", way, growth(before, after) / (adding.forwards - few));
}

}  // namespace gatehouse::bench
