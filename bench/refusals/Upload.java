// Posts a body with one of the JDK's two clients and prints the status that it reads, a line a try.
// java Upload url|http URL BYTES PIECE_BYTES PAUSE_MS TRIES
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

public class Upload {
  static int bytes, piece, pause;

  /** Gives the body piece by piece, with a pause before each. */
  static class Body extends InputStream {
    int left = bytes;

    @Override
    public int read() {
      return left-- > 0 ? 'u' : -1;
    }

    @Override
    public int read(byte[] to, int at, int most) {
      if (left <= 0) return -1;
      try {
        if (pause > 0) Thread.sleep(pause);
      } catch (InterruptedException e) {
        return -1;
      }
      int n = Math.min(Math.min(most, piece), left);
      for (int i = 0; i < n; ++i) to[at + i] = 'u';
      left -= n;
      return n;
    }
  }

  static int byUrlConnection(String url) throws Exception {
    HttpURLConnection connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
    connection.setRequestMethod("POST");
    connection.setDoOutput(true);
    connection.setFixedLengthStreamingMode(bytes);
    connection.setReadTimeout(60_000);
    try (OutputStream out = connection.getOutputStream()) {
      new Body().transferTo(out);
    }
    return connection.getResponseCode();
  }

  static int byHttpClient(String url) throws Exception {
    HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    HttpRequest.BodyPublisher body = HttpRequest.BodyPublishers.fromPublisher(
        HttpRequest.BodyPublishers.ofInputStream(Body::new), bytes);
    HttpRequest request = HttpRequest.newBuilder(URI.create(url)).POST(body).build();
    return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
  }

  public static void main(String[] arguments) {
    bytes = Integer.parseInt(arguments[2]);
    piece = Integer.parseInt(arguments[3]);
    pause = Integer.parseInt(arguments[4]);
    for (int i = 0; i < Integer.parseInt(arguments[5]); ++i) {
      try {
        System.out.println(arguments[0].equals("url") ? byUrlConnection(arguments[1]) : byHttpClient(arguments[1]));
      } catch (Exception failure) {
        System.out.println("failed: " + failure);
      }
    }
  }
}
