package dissect_test

import (
	"fmt"
	"log"
	"os"

	"github.com/useipsec/useipsec/captures"
	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/captures/keylog"
)

func ExampleDecode() {
	f, err := os.Open("wire.pcapng")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	r, err := captures.NewReader(f, captures.Limits{})
	if err != nil {
		log.Fatal(err)
	}
	keys := &keylog.Log{} // or keylog.Read
	for e, err := range dissect.Decode(r.Packets(), keys) {
		if err != nil {
			log.Fatal(err)
		}
		switch inner := e.Innermost(); {
		case e.Kind == dissect.KindESP && inner != e:
			fmt.Println(e.Frame, "inside ESP:", inner.Flow)
		case e.Clear():
			fmt.Println(e.Frame, "in clear:", e.Flow)
		case e.Opaque != "":
			fmt.Println(e.Frame, e.Kind, e.Opaque)
		}
	}
}
