// SPDX-License-Identifier: GPL-2.0-or-later
//
// The two ends of a UDP flow, for a guest that has little else:
//   datagrams serve ADDRESS PORT               sends everything back, and adds how many datagrams
//                                              named an inside address: "seen 100 inside 3"
//   datagrams say ADDRESS PORT LOCAL COUNT MS [sip]   sends that many with a pause between them,
//                                              waits for the answer to each, and prints the last
//                                              one
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

sockaddr_in endpoint(const char* address, int port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(static_cast<std::uint16_t>(port));
    inet_pton(AF_INET, address, &out.sin_addr);
    return out;
}

int bound_socket(const char* address, int port) {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const sockaddr_in local = endpoint(address, port);
    if (fd < 0 || ::bind(fd, reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) {
        std::perror("datagrams");
        std::exit(1);
    }
    return fd;
}

int serve(const char* address, int port) {
    const int fd = bound_socket(address, port);
    char buffer[2000];
    for (unsigned seen = 0, inside = 0;;) {
        sockaddr_in from{};
        socklen_t size = sizeof from;
        const ssize_t got =
            ::recvfrom(fd, buffer, sizeof buffer - 1, 0, reinterpret_cast<sockaddr*>(&from), &size);
        if (got < 0) return 1;
        ++seen;
        const std::string text(buffer, static_cast<std::size_t>(got));
        if (text.find("192.168.1.") != std::string::npos) ++inside;
        const std::string answer =
            "seen " + std::to_string(seen) + " inside " + std::to_string(inside);
        ::sendto(fd, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
}

std::string message(int number, int local) {
    const std::string port = std::to_string(local);
    return "OPTIONS sip:bob@11.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.10:" + port +
           ";branch=z9hG4bK" + std::to_string(number) +
           ";rport\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: guest\r\nCSeq: " +
           std::to_string(number) + " OPTIONS\r\nContact: <sip:a@192.168.1.10:" + port +
           ">\r\nContent-Length: 0\r\n\r\n";
}

int say(char** words, bool sip) {
    const int local = std::atoi(words[2]);
    const int fd = bound_socket("0.0.0.0", local);
    const sockaddr_in to = endpoint(words[0], std::atoi(words[1]));
    std::string last = "nothing";
    unsigned answered = 0;
    const int count = std::atoi(words[3]);
    for (int i = 0; i < count; ++i) {
        const std::string text = sip ? message(i + 1, local) : "datagram";
        ::sendto(fd, text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&to),
                 sizeof to);
        pollfd waiting{fd, POLLIN, 0};
        char buffer[2000];
        if (::poll(&waiting, 1, 2000) == 1) {
            const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
            if (got >= 0) last.assign(buffer, static_cast<std::size_t>(got));
            ++answered;
        }
        ::usleep(static_cast<useconds_t>(std::atoi(words[4])) * 1000U);
    }
    std::printf("answered %u of %d, last: %s\n", answered, count, last.c_str());
    return 0;
}

}  // namespace

int main(int count, char** words) {
    if (count == 4 && std::strcmp(words[1], "serve") == 0)
        return serve(words[2], std::atoi(words[3]));
    if (count >= 7 && std::strcmp(words[1], "say") == 0) return say(words + 2, count == 8);
    std::fputs("see the head of datagrams.cpp\n", stderr);
    return 2;
}
