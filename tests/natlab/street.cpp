// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/natlab/street.h"

#include <list>

#include "gateway/base/text.h"

namespace gatehouse::natlab {

using namespace lab;

namespace {

constexpr Duration kPatience = 90s;  // of one judge, on a busy machine
constexpr int kFirstWan = 101;

class Servers {
  public:
    explicit Servers(Host& host)
        : coturn_(host, Coturn::Serves::stun_only, {"11.0.0.2", "11.0.0.3"}),
          ours_(host.start({gatehouse_program(), "stun-server", "--address", "11.0.0.6",
                            "--address", "11.0.0.7"})) {
        wait_until_bound(host, "11.0.0.7:3479", ours_);
    }

  private:
    Coturn coturn_;
    Process ours_;
};

// A judge at work: one program, or several one after the other on hosts of their own.
class Hearing {
  public:
    Hearing() = default;
    explicit Hearing(Judge judge) : judge_(judge) {}

    void add(Host& host, const Command& command) { programs_.push_back(host.start(command)); }

    Judgement finish(const Finding& truth) const {
        Judgement out;
        for (const Process& program : programs_) {
            if (!program.wait(kPatience)) out.printed += "(it did not end in time)\n";
            out.printed += program.output();
        }
        out.found = read_judgement(judge_, out.printed);
        out.right = out.found == as_seen_by(judge_, truth);
        return out;
    }

  private:
    Judge judge_ = Judge::probe;
    std::vector<Process> programs_;
};

// One scene as it stands: a house with a router, or one host with nothing before it.
class Stage {
  public:
    Stage(Internet& net, Scene scene, int number) : net_(net), scene_(std::move(scene)) {
        const std::string wan = concat("11.0.0.", number, "/24");
        if (scene_.by == By::nothing) {
            Host& direct = net.add_host("direct", {wan});
            places_.assign(5, &direct);
            return;
        }
        HouseOptions options;
        options.name = concat("h", number);
        options.wan = {wan};
        options.internet = &net;
        house_ = std::make_unique<House>(options);
        places_ = {&house_->phone, &house_->console, &house_->pc,
                   &house_->add_host("second", {"192.168.1.41/24"}),
                   &house_->add_host("third", {"192.168.1.42/24"})};
        if (scene_.by == By::kernel) {
            make_plain_router(*house_);
        } else {
            router_ = std::make_unique<Router>(*house_, scene_.config);
        }
    }

    void begin(const Asking& asking) {
        for (const Judge judge : kJudges) {
            const std::string server = asking.at(judge) == Server::coturn ? "11.0.0.2" : "11.0.0.6";
            hearings_[judge] = Hearing(judge);
            begin(judge, server);
        }
    }

    Row finish() {
        Row row;
        row.scene = scene_;
        for (const auto& [judge, hearing] : hearings_) {
            row.judgements[judge] = hearing.finish(scene_.expected);
        }
        if (house_) row.overloads = share_a_port();
        return row;
    }

  private:
    void begin(Judge judge, const std::string& server) {
        Hearing& hearing = hearings_.at(judge);
        switch (judge) {
            case Judge::probe:
                hearing.add(*places_[0], {gatehouse_program(), "probe", server, "--json"});
                break;
            case Judge::stun: hearing.add(*places_[1], {"stun", server}); break;
            case Judge::natdiscovery:
                hearing.add(*places_[2], {"turnutils_natdiscovery", "-m", server});
                hearing.add(*places_[3], {"turnutils_natdiscovery", "-f", server});
                hearing.add(*places_[4], {"turnutils_natdiscovery", "-H", server});
                break;
        }
    }

    // Whether the phone and the console, which use one source port towards two servers, appear as
    // one outside endpoint.
    std::optional<bool> share_a_port() const {
        const UdpSocket first = net_.host.udp("11.0.0.4:7001");
        const UdpSocket second = net_.host.udp("11.0.0.4:7002");
        const UdpSocket phone = house_->phone.udp("0.0.0.0:7777");
        const UdpSocket console = house_->console.udp("0.0.0.0:7777");
        phone.send_to("11.0.0.4:7001", "phone");
        const auto from_phone = first.receive();
        console.send_to("11.0.0.4:7002", "console");
        const auto from_console = second.receive();
        if (!from_phone || !from_console) return std::nullopt;
        return from_phone->from == from_console->from;
    }

    Internet& net_;
    Scene scene_;
    std::unique_ptr<House> house_;
    std::unique_ptr<Router> router_;
    std::vector<Host*> places_;
    std::map<Judge, Hearing> hearings_;
};

Scene gatehouse_scene(std::string name, std::string config, Kind mapping, Kind filtering) {
    const Finding expected{mapping, filtering, true, true, mapping};
    return {std::move(name), By::gatehouse, std::move(config), expected, false};
}

Scene named(std::string_view type, Kind mapping, Kind filtering) {
    return gatehouse_scene(std::string(type),
                           concat("config nat 'nat'\n\toption type '", type, "'\n"), mapping,
                           filtering);
}

Scene custom(Kind mapping, Kind filtering) {
    return gatehouse_scene(
        concat("custom ", short_name(mapping), " / ", short_name(filtering)),
        concat("config nat 'nat'\n\toption type 'custom'\n\toption mapping '", in_config(mapping),
               "'\n\toption filtering '", in_config(filtering), "'\n"),
        mapping, filtering);
}

// The kernel keeps the mapping of an endpoint until another host needs the port.
Scene masquerade() {
    return {"plain masquerade",
            By::kernel,
            "",
            {Kind::endpoint_independent, Kind::address_and_port_dependent, false, true,
             Kind::endpoint_independent},
            true};
}

Scene no_nat() {
    Scene out;
    out.name = "no NAT";
    out.by = By::nothing;
    out.expected = {Kind::endpoint_independent, Kind::endpoint_independent, true, false,
                    Kind::endpoint_independent};
    return out;
}

}  // namespace

std::string_view to_string(By by) {
    switch (by) {
        case By::gatehouse: return "gatehouse";
        case By::kernel: return "kernel";
        case By::nothing: return "none";
    }
    return "";
}

std::vector<Scene> named_scenes() {
    return {
        named("full-cone", Kind::endpoint_independent, Kind::endpoint_independent),
        named("restricted-cone", Kind::endpoint_independent, Kind::address_dependent),
        named("port-restricted-cone", Kind::endpoint_independent, Kind::address_and_port_dependent),
        named("symmetric", Kind::address_and_port_dependent, Kind::address_and_port_dependent),
        masquerade()};
}

std::vector<Scene> all_scenes() {
    std::vector<Scene> out = named_scenes();
    out.insert(out.end() - 1, {custom(Kind::address_dependent, Kind::endpoint_independent),
                               custom(Kind::address_dependent, Kind::address_dependent),
                               custom(Kind::address_dependent, Kind::address_and_port_dependent),
                               custom(Kind::address_and_port_dependent, Kind::endpoint_independent),
                               custom(Kind::address_and_port_dependent, Kind::address_dependent)});
    out.push_back(no_nat());
    return out;
}

Asking usual_servers() {
    return {{Judge::probe, Server::gatehouse},
            {Judge::stun, Server::coturn},
            {Judge::natdiscovery, Server::coturn}};
}

bool Row::right() const {
    for (const auto& [judge, judgement] : judgements) {
        if (!judgement.right) return false;
    }
    return scene.by == By::nothing || overloads == scene.overloads;
}

std::vector<Row> judge_all(const std::vector<Scene>& scenes, const Asking& asking) {
    Internet net({"11.0.0.2/24", "11.0.0.3/24", "11.0.0.4/24", "11.0.0.6/24", "11.0.0.7/24"});
    const Servers servers(net.host);
    std::list<Stage> stages;
    int number = kFirstWan;
    for (const Scene& scene : scenes)
        stages.emplace_back(net, scene, number++);
    for (Stage& stage : stages)
        stage.begin(asking);
    std::vector<Row> rows;
    for (Stage& stage : stages)
        rows.push_back(stage.finish());
    return rows;
}

}  // namespace gatehouse::natlab
