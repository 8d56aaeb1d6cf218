// SPDX-License-Identifier: GPL-2.0-or-later
//
// UPnP with real clients: upnpc, gssdp-discover and the Python module of miniupnpc.
//
//   phone .20 --+
//   pc    .10 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"
#include "tests/lab/support/upnp.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr Duration kSilence = 300ms;
constexpr Duration kPatience = 30s;

// A search that an overloaded machine has answered too late is made again.
Verdict finds(const Host& host, const Command& search, const std::vector<std::string>& texts) {
    return eventually(
        [&] {
            const Ran ran = host.run(search, 20s);
            for (const std::string& text : texts) {
                if (Verdict verdict = ran.says(text); !verdict) return verdict;
            }
            return Verdict(true);
        },
        kPatience);
}

// The addresses in an XML document between <name> and </name>, of the router.
std::vector<std::string> addresses_in(std::string_view document, std::string_view name) {
    const std::string open = concat('<', name, '>');
    std::vector<std::string> out;
    for (std::size_t at = document.find(open); at != std::string_view::npos;
         at = document.find(open, at + 1)) {
        const std::size_t begin = at + open.size();
        const std::size_t end = document.find('<', begin);
        out.push_back(concat("http://192.168.1.1:5000", document.substr(begin, end - begin)));
    }
    return out;
}

// Whether what the pc reads there is as the schema says.
Verdict follows(const House& house, const std::string& url, std::string_view schema,
                std::string* document) {
    const Ran read = house.pc.run({"curl", "-s", "-S", "-f", "-m", "20", url}, 25s);
    if (Verdict verdict = read.ok(); !verdict) return verdict;
    const std::filesystem::path file = new_log("document.xml");
    std::ofstream(file) << read.out;
    if (document != nullptr) *document = read.out;
    return house.pc
        .run({"xmllint", "--nonet", "--noout", "--schema",
              concat(GATEHOUSE_SOURCE "/tests/upnp/schema/", schema), file.string()},
             20s)
        .ok();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(igd)

BOOST_AUTO_TEST_CASE(upnpc_finds_the_gateway_and_opens_lists_and_closes_a_port) {
    House house;
    const Router router(house);
    BOOST_TEST(finds(house.pc, {"upnpc", "-m", "eth0", "-s"},
                     {"ExternalIPAddress = 11.0.0.1", "Status : Connected", "Bytes:   Sent:"}));

    const UdpSocket pc = house.pc.udp("192.168.1.10:6882");
    BOOST_TEST(heard_by(pc, house.internet.udp("11.0.0.3:9"), "11.0.0.1:6881", kSilence) ==
               kNobody);
    const Ran added =
        upnpc(house.pc, {"-e", "a game", "-a", "192.168.1.10", "6882", "6881", "UDP", "3600"});
    BOOST_TEST(
        added.says("external 11.0.0.1:6881 UDP is redirected to internal "
                   "192.168.1.10:6882 (duration=3600)"));
    BOOST_TEST(heard_by(pc, house.internet.udp("11.0.0.3:9"), "11.0.0.1:6881", 10s) ==
               "11.0.0.3:9");
    BOOST_TEST(seen_by(house.internet.udp("11.0.0.4:9"), pc) == "11.0.0.1:6881");

    const Ran list = upnpc(house.phone, {"-l"});
    BOOST_TEST(list.says("0 UDP  6881->192.168.1.10:6882  'a game' ''"));
    const Ran shown = router.cli({"forwards"});
    BOOST_TEST(shown.says("igd"));
    BOOST_TEST(shown.says("a game"));

    BOOST_TEST(upnpc(house.phone, {"-d", "6881", "UDP"}).says("606"));
    BOOST_TEST(
        upnpc(house.pc, {"-d", "6881", "UDP"}).says("UPNP_DeletePortMapping() returned : 0"));
    BOOST_TEST(heard_by(pc, house.internet.udp("11.0.0.2:9"), "11.0.0.1:6881", kSilence) ==
               kNobody);
}

BOOST_AUTO_TEST_CASE(both_trees_are_found_each_at_its_own_address) {
    House house;
    const Router router(house);
    BOOST_TEST(finds(house.pc, {"gssdp-discover", "-i", "eth0", "-n", "3", "-t", "upnp:rootdevice"},
                     {"/igd1/device.xml", "/igd2/device.xml"}));
}

// The schemas say what the architecture demands of both kinds of documents.
BOOST_AUTO_TEST_CASE(every_description_is_as_the_schema_says) {
    House house;
    const Router router(house);
    std::size_t services = 0;
    for (const std::string_view target : {kGateway1, kGateway2}) {
        std::string device;
        BOOST_TEST(follows(house, description_of(house.pc, target), "device.xsd", &device));
        for (const std::string& url : addresses_in(device, "SCPDURL")) {
            BOOST_TEST_CONTEXT(url) {
                BOOST_TEST(follows(house, url, "service.xsd", nullptr));
                ++services;
            }
        }
    }
    BOOST_TEST(services == 7U);
}

BOOST_AUTO_TEST_CASE(the_actions_of_the_second_version_work) {
    House house;
    const Router router(house);
    const auto second = [&](const Command& words) { return upnpc(house.pc, words, kGateway2); };
    BOOST_TEST(second({"-n", "192.168.1.10", "7001", "7000", "TCP", "3600"})
                   .says("external 11.0.0.1:7000 TCP is redirected to internal 192.168.1.10:7001"));
    BOOST_TEST(second({"-L"}).says("7000->192.168.1.10:7001"));
    BOOST_TEST(second({"-N", "6000", "8000", "TCP"}).says("returned : 0"));
    BOOST_TEST(!second({"-l"}).says("7000->"));
    BOOST_TEST(second({"-r", "7002", "TCP", "7003", "7004", "UDP"})
                   .says("external 11.0.0.1:7004 UDP is redirected to internal 192.168.1.10:7003"));
    BOOST_TEST(second({"-P"}).says("http://192.168.1.1:5000/"));
    BOOST_TEST(second({"-S"}).says("FirewallEnabled: 1 & Inbound Pinhole Allowed: 1"));
}

BOOST_AUTO_TEST_CASE(a_port_that_another_device_has_is_a_conflict) {
    House house;
    const Router router(house);
    BOOST_TEST(upnpc(house.pc, {"-a", "192.168.1.10", "6881", "6881", "TCP"}).says("redirected"));
    BOOST_TEST(upnpc(house.phone, {"-a", "192.168.1.20", "6881", "6881", "TCP"}).says("718"));
    BOOST_TEST(upnpc(house.phone, {"-a", "192.168.1.10", "6882", "6882", "TCP"}).says("718"));
    BOOST_TEST(upnpc(house.pc, {"-a", "192.168.1.10", "445", "4445", "TCP"}).says("718"));
    // Without an end, as it was asked for, and again.
    BOOST_TEST(upnpc(house.pc, {"-a", "192.168.1.10", "6881", "6881", "TCP"}).says("(duration=0)"));
}

BOOST_AUTO_TEST_CASE(the_python_module_finds_the_gateway_and_opens_a_port) {
    House house;
    const Router router(house);
    BOOST_TEST(
        finds(house.pc,
              {"/usr/bin/python3", "-c",
               "import miniupnpc\n"
               "u = miniupnpc.UPnP(multicastif='eth0', discoverdelay=1000)\n"
               "print(u.discover(), u.selectigd())\n"
               "print(u.externalipaddress(), u.statusinfo()[0], u.connectiontype())\n"
               "print(u.addportmapping(6883, 'TCP', u.lanaddr, 6883, 'python', ''))\n"
               "print(u.getspecificportmapping(6883, 'TCP'))\n"
               "print(u.deleteportmapping(6883, 'TCP'))\n"},
              {"11.0.0.1 Connected IP_Routed", "('192.168.1.10', 6883, 'python', True, 0)"}));
    BOOST_TEST(!router.cli({"forwards"}).says("python"));
}

// Byte for byte as a messenger on Windows XP asked in 2004: a query behind the address of the
// control, no end, a description in the code page of the machine.
BOOST_AUTO_TEST_CASE(a_messenger_of_2004_opens_its_port) {
    House house;
    const Router router(house);
    const std::string description = description_of(house.pc);
    const std::string control =
        description.substr(description.find('/', 7),
                           description.find("device.xml") - description.find('/', 7)) +
        "ip/control?WANIPConnection";
    const auto post = [&](std::string_view action, std::string_view arguments) {
        const std::string body = concat(
            "<?xml version=\"1.0\"?>\r\n<SOAP-ENV:Envelope "
            "xmlns:SOAP-ENV=\"http://schemas.xmlsoap.org/soap/envelope/\" "
            "SOAP-ENV:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\">"
            "<SOAP-ENV:Body><m:",
            action, " xmlns:m=\"urn:schemas-upnp-org:service:WANIPConnection:1\">", arguments,
            "</m:", action, "></SOAP-ENV:Body></SOAP-ENV:Envelope>");
        TcpConnection connection = house.pc.connect("192.168.1.1:5000", 10s);
        connection.send(concat(
            "POST ", control,
            " HTTP/1.1\r\nContent-Type: text/xml; charset=\"utf-8\"\r\n"
            "SOAPAction: \"urn:schemas-upnp-org:service:WANIPConnection:1#",
            action,
            "\"\r\nUser-Agent: Mozilla/4.0 (compatible; UPnP/1.0; Windows NT/5.1)\r\n"
            "Host: 192.168.1.1:5000\r\nContent-Length: ",
            body.size(),
            "\r\nConnection: Close\r\nCache-Control: no-cache\r\nPragma: no-cache\r\n\r\n", body));
        std::string answer;
        while (const auto more = connection.receive(10s)) {
            if (more->empty()) break;
            answer += *more;
        }
        return answer;
    };
    const std::string address = post("GetExternalIPAddress", "");
    BOOST_TEST(address.starts_with("HTTP/1.1 200 "));
    BOOST_TEST(address.find("<NewExternalIPAddress>11.0.0.1</NewExternalIPAddress>") !=
               std::string::npos);
    const std::string added =
        post("AddPortMapping",
             "<NewRemoteHost xmlns:dt=\"urn:schemas-microsoft-com:datatypes\" dt:dt=\"string\">"
             "</NewRemoteHost><NewExternalPort xmlns:dt=\"urn:schemas-microsoft-com:datatypes\" "
             "dt:dt=\"ui2\">14214</NewExternalPort><NewProtocol>UDP</NewProtocol>"
             "<NewInternalPort>9000</NewInternalPort><NewInternalClient>192.168.1.10"
             "</NewInternalClient><NewEnabled>1</NewEnabled><NewPortMappingDescription>"
             "msmsgs \xcd\xf5\xd0\xa1 9000 UDP</NewPortMappingDescription>"
             "<NewLeaseDuration>0</NewLeaseDuration>");
    BOOST_TEST(added.starts_with("HTTP/1.1 200 "));
    const UdpSocket pc = house.pc.udp("192.168.1.10:9000");
    BOOST_TEST(heard_by(pc, house.internet.udp("11.0.0.3:9"), "11.0.0.1:14214", 10s) ==
               "11.0.0.3:9");
    BOOST_TEST(router.cli({"forwards"}).says("msmsgs"));
}

BOOST_AUTO_TEST_SUITE_END()
