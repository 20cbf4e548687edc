// Posts a body with Go's own client and prints the status that it reads, a line a try.
// upload URL BYTES PIECE_BYTES PAUSE_MS TRIES
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

type body struct {
	left, piece int
	pause       time.Duration
}

func (b *body) Read(to []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	time.Sleep(b.pause)
	n := min(len(to), b.piece, b.left)
	for i := 0; i < n; i++ {
		to[i] = 'u'
	}
	b.left -= n
	return n, nil
}

func number(i int) int {
	n, err := strconv.Atoi(os.Args[i])
	if err != nil {
		panic(err)
	}
	return n
}

func main() {
	for i := 0; i < number(5); i++ {
		content := &body{number(2), number(3), time.Duration(number(4)) * time.Millisecond}
		request, _ := http.NewRequest("POST", os.Args[1], content)
		request.ContentLength = int64(number(2))
		response, err := (&http.Client{Timeout: time.Minute}).Do(request)
		if err != nil {
			fmt.Println("failed:", err)
			continue
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
		fmt.Println(response.StatusCode)
	}
}
