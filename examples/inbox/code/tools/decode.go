// Prints packets captured at the tower in plain words.
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		packet, err := hex.DecodeString(lines.Text())
		if err != nil || len(packet) < 9 {
			fmt.Fprintln(os.Stderr, "not a packet:", lines.Text())
			continue
		}
		level := int16(binary.BigEndian.Uint16(packet[5:7]))
		fmt.Printf("gauge %d: %.3f m\n", packet[0], float64(level)/1000)
	}
}
