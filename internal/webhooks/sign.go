package webhooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// parseSecrets reads the secrets of a file, one a line. While receivers change theirs, there are two,
// and each request has a signature by both.
func parseSecrets(text string) ([][]byte, error) {
	var secrets [][]byte
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		encoded, ok := strings.CutPrefix(line, secretPrefix)
		secret, err := base64.StdEncoding.DecodeString(encoded)
		if !ok || err != nil || len(secret) < leastSecret || len(secret) > mostSecret {
			return nil, fmt.Errorf("secretFile: each line has to be %s and %d to %d bytes in base64; make one with: (printf whsec_; head -c 32 /dev/urandom | base64) > FILE",
				secretPrefix, leastSecret, mostSecret)
		}
		secrets = append(secrets, secret)
	}
	if len(secrets) == 0 {
		return nil, fmt.Errorf("secretFile: it holds no secret: make one with: (printf whsec_; head -c 32 /dev/urandom | base64) > FILE")
	}
	return secrets, nil
}

// sign returns the signatures of a body as Standard Webhooks writes them, separated by spaces.
func sign(secrets [][]byte, id string, at time.Time, body []byte) string {
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
		mac.Write(body)
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return strings.Join(signatures, " ")
}
